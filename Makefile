# Everything a checkout needs. `make demo` and `make test` set themselves up; nothing is installed
# outside this folder. A second call does only what a changed file makes necessary.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMPS := .make
RUN_READY := $(STAMPS)/run-ready
DEV_READY := $(STAMPS)/dev-ready
OPEN3D := $(STAMPS)/open3d
VIEWER := twin_pipeline/viewer_static/index.html
VIEWER_SOURCES := $(shell find viewer -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
PACKAGE_SOURCES := $(shell find twin_pipeline -name '*.py' -o -name '*.j2' -o -name '*.toml')
DEMO := out/demo
DEMO_SCAN := sample_data/trench_tokyo.laz
LOCK := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test open3d alignment lint format types imports check viewer bench accuracy lock sbom config images pictures clean

help: ## this list
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  make \1\t/' | expand -t 20

demo: $(DEMO)/run.json $(VIEWER) ## run the sample scan; print the pipes and where the results are
	@cat $(DEMO).txt

test: $(DEV_READY) $(VIEWER) ## the whole test suite
	$(BIN)/python -m pytest

open3d: $(OPEN3D)/ready ## install Open3D beside the rest; needs libusb-1.0-0, libgl1, libgomp1

alignment: $(OPEN3D)/ready ## test how scans are aligned, with Open3D
	TWIN_PIPELINE_REQUIRE_OPEN3D=1 $(OPEN3D)/bin/python -m pytest \
	    tests/registration/test_align.py tests/registration/test_joining.py

lint: $(DEV_READY) ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV_READY) ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV_READY) ## static types
	$(BIN)/mypy

imports: $(DEV_READY) ## which module may import which
	$(BIN)/lint-imports

check: lint types imports test ## all of the above

viewer: $(VIEWER) ## build the viewer into the package

bench: $(DEV_READY) ## time every stage beside the decoding of its input
	$(BIN)/python -m benchmarks

accuracy: $(DEV_READY) ## measure the accuracy on ray-cast scenes; writes docs/accuracy.md
	$(BIN)/python -m benchmarks.accuracy --output docs/accuracy.md

lock: $(DEV_READY) ## choose the pinned packages anew from pyproject.toml
	echo 'setuptools>=77' | $(LOCK) pyproject.toml - -o constraints.txt
	$(LOCK) pyproject.toml --extra dev --extra benchmark -c constraints.txt -o constraints-dev.txt
	$(LOCK) pyproject.toml --extra open3d -c constraints-dev.txt -o constraints-open3d.txt

sbom: $(RUN_READY) ## write sbom.json (CycloneDX): every pinned package with hashes and licence
	$(BIN)/python docs/make_sbom.py -o sbom.json

config: $(RUN_READY) ## write configs/default.toml anew from the options in the code
	$(BIN)/python -m twin_pipeline.config > configs/default.toml.new
	mv configs/default.toml.new configs/default.toml

images: $(DEV_READY) $(DEMO)/run.json $(VIEWER) ## take the README's pictures anew; needs Chromium
	$(BIN)/python docs/make_images.py $(DEMO)

pictures: $(DEV_READY) ## draw the pictures of docs/method.md anew
	$(BIN)/python docs/make_method_pictures.py

clean: ## remove what make made, the viewer's packages included
	rm -rf $(VENV) $(STAMPS) build out viewer/node_modules twin_pipeline/viewer_static

$(DEMO)/run.json: $(RUN_READY) $(DEMO_SCAN) configs/tokyo.toml $(PACKAGE_SOURCES)
	@mkdir -p $(dir $(DEMO))
	$(BIN)/twin-pipeline run $(DEMO_SCAN) -c configs/tokyo.toml --material DIP \
	    -o $(DEMO) --overwrite > $(DEMO).txt

# A Debian python3 without its venv package, or a version manager's placeholder, is passed over.
$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	        && exec $$python -m venv $(VENV); \
	done; \
	echo 'No Python 3.11 or newer with the venv module was found: install one (on Debian and' \
	    'Ubuntu the package python3-venv) or name it: make PYTHON=/path/to/python3' >&2; exit 1

$(RUN_READY): constraints.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --only-binary :all: -r constraints.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q twin_pipeline
	@mkdir -p $(STAMPS) && touch $@

$(DEV_READY): constraints-dev.txt $(RUN_READY)
	$(PIP) install --require-hashes --only-binary :all: -r constraints-dev.txt
	@mkdir -p $(STAMPS) && touch $@

# An environment over .venv, whose packages it shares: most users go without Open3D, and so do
# the other tests.
$(OPEN3D)/ready: constraints-open3d.txt $(DEV_READY)
	$(BIN)/python -m venv --clear $(OPEN3D)
	purelib='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	beneath=$$($(BIN)/python -c "$$purelib") && above=$$($(OPEN3D)/bin/python -c "$$purelib") \
	    && echo "import site; site.addsitedir('$$beneath')" > "$$above/beneath.pth"
	$(OPEN3D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
	    --only-binary :all: -r constraints-open3d.txt
	@touch $@

$(VIEWER): $(VIEWER_SOURCES)
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { \
	    echo 'The viewer needs Node.js 20 or newer with npm to be built: install it from' \
	        'your system or nodejs.org, then call make again.' >&2; exit 1; }
	cd viewer && npm ci --no-audit --no-fund && npm run build
	@touch $@
