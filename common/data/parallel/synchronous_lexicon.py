"""The words of the synchronous grammar, English and French, most frequent first within each class."""

from typing import NamedTuple


class Noun(NamedTuple):
    english: tuple[str, str]  # singular, plural
    french: tuple[str, str]
    gender: str  # m or f
    person: bool


class Adjective(NamedTuple):
    english: str
    french: dict[str, tuple[str, str]]  # gender -> singular, plural
    before: bool  # stands before the French noun; most stand behind it, in English none does


class Verb(NamedTuple):
    """English: infinitive, third person singular, past, participle. French: the infinitive, always in -er."""

    english: tuple[str, str, str, str]
    french: str

    @property
    def stem(self) -> str:
        return self.french.removesuffix("er")


def english_s(word: str) -> str:
    """The plural of a noun, the third person of a verb."""
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "sh", "ch", "x")) else "s")


def french_plural(word: str) -> str:
    if word.endswith(("s", "x")):
        return word
    return word[:-1] + "ux" if word.endswith("al") else word + ("x" if word.endswith("eau") else "s")


# French, gender, English (/ an irregular plural)
PERSONS = """
homme m man/men, femme f woman/women, garçon m boy, fille f girl, enfant m child/children, ami m friend,
voisin m neighbour, docteur m doctor, professeur m teacher, étudiant m student, chanteuse f singer, roi m king,
reine f queen, soldat m soldier, policier m policeman/policemen, avocate f lawyer, peintre m painter,
boulanger m baker, fermier m farmer, juge m judge, pilote m pilot, serveuse f waitress, prince m prince,
princesse f princess, acteur m actor, actrice f actress, écrivain m writer, marin m sailor, danseuse f dancer,
infirmière f nurse, facteur m postman/postmen, jardinier m gardener, cuisinier m cook, ouvrier m worker,
maire m mayor, espion m spy, poète m poet, invité m guest, touriste m tourist, sorcière f witch, géant m giant,
voleur m thief/thieves, client m customer, cousine f cousin, oncle m uncle, tante f aunt, chien m dog, chat m cat,
cheval m horse, oiseau m bird, vache f cow, chèvre f goat, souris f mouse/mice, lion m lion, éléphant m elephant,
singe m monkey, tortue f turtle, abeille f bee, canard m duck, ours m bear
"""
THINGS = """
maison f house, livre m book, table f table, jardin m garden, voiture f car, arbre m tree, ville f town,
lettre f letter, porte f door, fenêtre f window, chaise f chair, école f school, train m train, bateau m boat,
rue f street, pont m bridge, photo f picture, chanson f song, fleur f flower, pomme f apple, gâteau m cake,
chapeau m hat, manteau m coat, clé f key, montre f watch, église f church, rivière f river, montagne f mountain,
forêt f forest, île f island, château m castle, journal m newspaper, tableau m painting, guitare f guitar,
vélo m bicycle, avion m plane, étoile f star, nuage m cloud, lampe f lamp, couteau m knife/knives, assiette f plate,
bouteille f bottle, boîte f box, mur m wall, tour f tower, usine f factory, musée m museum, marché m market,
ferme f farm, plage f beach, carte f map, tasse f cup, robe f dress, chemise f shirt, balle f ball, orange f orange,
drapeau m flag, moulin m mill, canal m channel, horloge f clock
"""
# French masculine (/ feminine), English; those before the noun first
BEFORE = """
petit/petite small, grand/grande big, jeune/jeune young, nouveau/nouvelle new, beau/belle beautiful, bon/bonne good,
joli/jolie pretty, mauvais/mauvaise bad, gros/grosse fat
"""
BEHIND = """
rouge/rouge red, noir/noire black, blanc/blanche white, vert/verte green, bleu/bleue blue, heureux/heureuse happy,
triste/triste sad, riche/riche rich, pauvre/pauvre poor, étrange/étrange strange, intelligent/intelligente clever,
célèbre/célèbre famous, tranquille/tranquille quiet, élégant/élégante elegant, moderne/moderne modern,
sale/sale dirty, propre/propre clean, rapide/rapide fast, lent/lente slow, dangereux/dangereuse dangerous,
fatigué/fatiguée tired, perdu/perdue lost, inconnu/inconnue unknown, précieux/précieuse precious,
ridicule/ridicule ridiculous, orange/orange orange, national/nationale national, étroit/étroite narrow,
vide/vide empty, magique/magique magic
"""
# French, English (/ past / participle where irregular)
TRANSITIVE = """
regarder watch, aimer love, chercher seek/sought/sought, trouver find/found/found, porter carry,
montrer show/showed/shown, garder keep/kept/kept, aider help, écouter hear/heard/heard, admirer admire,
inviter invite, dessiner draw/drew/drawn, toucher touch, pousser push, tirer pull, laver wash, cacher hide/hid/hidden,
casser break/broke/broken, étudier study, visiter visit, oublier forget/forgot/forgotten, quitter leave/left/left,
rencontrer meet/met/met, soigner cure, saluer greet, embrasser kiss, attraper catch/caught/caught,
frapper strike/struck/struck, détester hate, respecter respect, observer observe, filmer film,
photographier photograph, changer change, voler steal/stole/stolen, brûler burn, réparer repair, accuser accuse,
adorer adore, ignorer ignore, guider guide, imiter imitate, sauver save, surveiller guard, présenter introduce,
remarquer notice, critiquer criticise, désirer desire, décorer decorate
"""
INTRANSITIVE = """
travailler work, chanter sing/sang/sung, danser dance, marcher walk, parler talk, jouer play, sauter jump,
nager swim/swam/swum, crier shout, pleurer cry, rêver dream/dreamt/dreamt, voyager travel/travelled/travelled,
trembler tremble, plaisanter joke, hésiter hesitate, avancer advance, reculer retreat, bavarder chat/chatted/chatted,
respirer breathe, tousser cough, fumer smoke, dîner dine, méditer meditate, protester protest, éternuer sneeze
"""
NAMES = {
    "Marie": "Mary",
    "Jean": "John",
    "Pierre": "Peter",
    "Paul": "Paul",
    "Anne": "Ann",
    "Julie": "Julia",
    "Hélène": "Helen",
    "Georges": "George",
    "Alice": "Alice",
    "Henri": "Henry",
}
FEMALE = {"Marie", "Anne", "Julie", "Hélène", "Alice"}
PREPOSITIONS = {
    "dans": "in",
    "avec": "with",
    "sur": "on",
    "devant": "before",
    "derrière": "behind",
    "sous": "under",
    "pour": "for",
    "sans": "without",
    "contre": "against",
    "vers": "towards",
    "après": "after",
}
ADVERBS = {
    "souvent": "often",
    "bien": "well",
    "lentement": "slowly",
    "vite": "quickly",
    "doucement": "softly",
    "toujours": "always",
    "rarement": "rarely",
    "ensemble": "together",
    "mal": "badly",
    "calmement": "calmly",
    "secrètement": "secretly",
    "fièrement": "proudly",
    "poliment": "politely",
    "joyeusement": "joyfully",
}
TIMES = {
    "present": {"aujourd'hui": "today", "maintenant": "now", "parfois": "sometimes"},
    "past": {"hier": "yesterday", "autrefois": "formerly"},
    "future": {"demain": "tomorrow", "bientôt": "soon"},
}
CONJUNCTIONS = {"et": "and", "mais": "but", "quand": "when", "car": "because", "ou": "or"}
# English singular and plural; French masculine, feminine and plural
DETERMINERS = [
    (("the", "the"), ("le", "la", "les")),
    (("a", "some"), ("un", "une", "des")),
    (("my", "my"), ("mon", "ma", "mes")),
    (("this", "these"), ("ce", "cette", "ces")),
    (("your", "your"), ("ton", "ta", "tes")),
    (("our", "our"), ("notre", "notre", "nos")),
    (("each", "several"), ("chaque", "chaque", "plusieurs")),
]
# in French, the next word decides: before a vowel or a mute h
ELISIONS = {
    "le": "l'",
    "la": "l'",
    "ne": "n'",
    "que": "qu'",
    "ma": "mon",
    "ta": "ton",
    "ce": "cet",
    "beau": "bel",
    "nouveau": "nouvel",
}


def _entries(text: str) -> list[list[str]]:
    return [entry.split() for entry in text.replace("\n", " ").split(",")]


def _nouns(text: str, person: bool) -> list[Noun]:
    nouns = []
    for french, gender, english in _entries(text):
        singular, _, plural = english.partition("/")
        nouns.append(Noun((singular, plural or english_s(singular)), (french, french_plural(french)), gender, person))
    return nouns


def _adjectives(text: str, before: bool) -> list[Adjective]:
    return [
        Adjective(
            english,
            {
                gender: (form, "orange" if form == "orange" else french_plural(form))
                for gender, form in zip("mf", french.split("/"), strict=True)
            },
            before,
        )
        for french, english in _entries(text)
    ]


def _verbs(text: str) -> list[Verb]:
    verbs = []
    for french, forms in _entries(text):
        infinitive, *irregular = forms.split("/")
        stem = infinitive.removesuffix("e")
        regular = stem[:-1] + "ied" if stem.endswith("y") and stem[-2] not in "aeiou" else stem + "ed"
        past, participle = irregular or (regular, regular)
        verbs.append(Verb((infinitive, english_s(infinitive), past, participle), french))
    return verbs


NOUNS = {"person": _nouns(PERSONS, True), "thing": _nouns(THINGS, False)}
ADJECTIVES = [
    adjective for pair in zip(_adjectives(BEHIND, False), _adjectives(BEFORE, True), strict=False) for adjective in pair
] + _adjectives(BEHIND, False)[9:]
VERBS = {"transitive": _verbs(TRANSITIVE), "intransitive": _verbs(INTRANSITIVE)}
