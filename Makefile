# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 7860

.PHONY: run test install index lint types tests browser screenshots model clean

run: index  ## Build the index of corpus/ and open the chat page on 127.0.0.1
	$(BIN)/python app.py --index index --port $(PORT) --examples corpus/questions.jsonl

index: $(VENV)/.installed
	$(BIN)/qa index corpus/ --index index

test: $(VENV)/.tested browser  ## All checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable ".[dev,training]"
	touch $@

# The page is tested in a real browser: Debian's, installed where it is missing and may be.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver fonts-noto-cjk >/dev/null; } || \
	  echo "chromium is not installed: the tests of the page will be skipped" >&2; }

screenshots: $(VENV)/.tested browser  ## Take the screenshots of the README anew
	$(BIN)/python -m tests.screenshots

MODEL_DATA ?= ../shared/data
MODEL_WORK ?= .model
model: $(VENV)/.tested  ## Rebuild the built-in model from the training data (hours; resumes where it stopped)
	$(BIN)/python -m training.build --data $(MODEL_DATA) --work $(MODEL_WORK) $(MODEL_OPTIONS)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
