import pytest

from common.data.stories import made_up
from common.data.stories.corpus import load
from common.data.stories.readers import Question, read_questions
from common.errors import UserError


def test_a_file_of_stories(tmp_path):
    path = tmp_path / "a"
    text = "1 Zoë salió.\n2 ¿Quién salió?\tZoë\t1\n3 Mary took it.\n4 What?\tmilk,apple\t1 3\n1 B.\n2 C?\tb\n"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    one, two, three = read_questions(path)
    assert one == Question((("zoë", "salió"),), ("¿quién", "salió"), "zoë", (0,))
    assert two == Question((("zoë", "salió"), ("mary", "took", "it")), ("what",), "milk,apple", (0, 1))
    assert three == Question((("b",),), ("c",), "b", ())


@pytest.mark.parametrize(
    "text, message",
    [
        ("1 A.\n3 B.\n", "a:2: lines are numbered.*write '2 ...'"),
        ("A.\n", "a:1: lines are numbered"),
        ("1 .\n", "a:1: a sentence without words"),
        ("1 A.\n2 B?\t\n", "a:2: a question without an answer"),
        ("1 B?\tyes\n", "a:1: a question without a story"),
        ("1 A.\n2 B?\tyes\t2\n", "a:2: .* from line 2, which is no sentence"),
        ("1 A.\n2 B?\tyes\tx\n", "a:2: .* from line x"),
        ("1 A.\n", "a:1: no question"),
    ],
)
def test_bad_lines_are_named(tmp_path, text, message):
    (tmp_path / "a").write_text(text)
    with pytest.raises(UserError, match=message):
        read_questions(tmp_path / "a")


def test_corpora_by_name(tmp_path):
    made = load("stories", [1, 4])
    assert [task.name for task in made.tasks] == ["1", "4"] and len(made.tasks[0].train) == 1000
    assert made.fingerprint == load("stories", [1, 4]).fingerprint != load("stories", [1]).fingerprint
    for name, tasks, message in [
        ("stories", [3], "unknown task '3'"),
        ("babi", [21], "unknown task '21'"),
        ("bab", [], "did you mean 'babi'"),
        ("stories:a", [], "name two files"),
        (f"stories:{tmp_path}/nowhere,b", [], "nowhere: cannot be read"),
    ]:
        with pytest.raises(UserError, match=message):
            load(name, tasks)


def answered(task: int, one: Question) -> str:
    """The answer by reading the whole story."""
    if task in (1, 2):
        places = {words[0]: words[-1] for words in one.story if words[1] == "went"}
        holders = {words[-1]: words[0] for words in one.story if words[1] == "took"}
        return places[holders.get(one.question[-1], one.question[-1])]
    if task == 4:
        sides = {(words[1], words[3], words[6]) for words in one.story}  # the X is SIDE of the Y
        _, _, *asked = one.question  # what is SIDE of the Y, what is the X SIDE of
        if asked[0] != "the":
            return next(x for x, side, y in sides if (side, y) == (asked[0], asked[3]))
        return next(y for x, side, y in sides if (x, side) == (asked[1], asked[2]))
    kind = {words[0]: words[-1] for words in one.story if words[2] == "a"}
    colour = {words[0]: words[-1] for words in one.story if words[2] != "a"}
    return next(colour[name] for name in colour if kind[name] == kind[one.question[-1]])


@pytest.mark.parametrize("task", made_up.TASKS)
def test_made_up_answers_follow_from_the_stories(task):
    questions = made_up.generate(task, 300, 1)
    assert questions != made_up.generate(task, 300, 2) and len({one.answer for one in questions}) > 2
    for one in questions:
        assert answered(task, one) == one.answer, one
        assert all(0 <= fact < len(one.story) for fact in one.facts)
