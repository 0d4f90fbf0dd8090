# From a bare machine: `make repro` writes reports-here/, `make test` runs the tests. Python 3.11 or 3.12 is all they need.
.PHONY: help repro test clean
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# The networks of the quick scale are too small to share: two threads gain little, and lose much on a busy machine.
export OMP_NUM_THREADS ?= 1

help:
	@echo "make repro   install into .venv, run the quick scale of every paper, write reports-here/index.html"
	@echo "make test    install into .venv, run the tests"
	@echo "make clean   delete work in progress and prepared corpora (build/); data/ and results stay"

# the first of these that is Python 3.11 or 3.12 and can make virtual environments
PYTHON ?= $(firstword $(foreach p,python3 python3.11 python3.12,$(shell $(p) -c \
  "import sys, ensurepip, venv; (3, 11) <= sys.version_info[:2] <= (3, 12) and print('$(p)')" 2>/dev/null)))

.venv/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or 3.12 with venv found: install one (on Debian: apt install python3.11-venv)" \
	  "or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

repro: .venv/ready
	@test -e .git || dvc config --local core.no_scm true   # an unpacked archive
	dvc repro
	@echo "open reports-here/index.html; what git keeps is in reports/"

test: .venv/ready
	python -m pytest --numprocesses auto --dist loadfile

clean:
	rm -rf build
