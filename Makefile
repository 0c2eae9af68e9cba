# Every target installs what it needs, and nothing runs twice.
.DEFAULT_GOAL := help
.PHONY: help build test lint format run token openapi variables examples readme-smoke-test simulate simulate-same simulate-audit simulate-bugs simulate-night chaos soak bench test-cluster test-localstack chart-goldens deploy images images-lock test-images release synth deploy-aws aws-cost

installed := node_modules/.package-lock.json
linters := .venv/.installed
bundles := dist/.built
data := .venv-data/.installed
nodes := .nodes/.installed
kernels := .venv-bench/.installed
nginx := .nginx/.installed
schemathesis := .venv-schemathesis/.installed
uv := .venv-uv/.installed
aws := cdk/node_modules/.installed
workspaces := contracts openapi session-store service-kit control-plane data-plane session-agent local
sources := $(shell find $(workspaces) tools -type f \( -name '*.ts' -o -name '*.py' -o -name '*.mjs' -o -name '*.cjs' -o -name package.json \) -not -path '*/node_modules/*')

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(bundles) ## bundle each service into dist/

test: $(bundles) $(data) $(nodes) $(schemathesis) ## run every test but the conformance table and print the count; needs no Docker, cluster or AWS account
	@exec node tools/test.mjs

lint: $(installed) $(linters) ## check formatting, lint rules, types, dead code, shell, spelling, words, the paths that documents name and the chart; needs Go
	npx --no-install biome check .
	npx --no-install tsc --noEmit
	npx --no-install knip
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	.venv/bin/shellcheck -x -a -P SCRIPTDIR .ci/run tools/cluster/cluster tools/cluster/image tools/cluster/kwok/install tools/cluster/metrics-server/metrics-server tools/helm/install tools/localstack/localstack
	npx --no-install cspell lint --config tools/cspell.yaml --no-progress --no-summary --cache --cache-location node_modules/.cache/cspell
	node tools/check-words.mjs
	node tools/check-doc-paths.mjs
	node tools/helm/lint.mjs

chart-goldens: $(installed) ## render the chart's examples anew into infra/chart/golden/
	node tools/helm/lint.mjs --write

deploy: $(bundles) ## install the chart with an example (VALUES=local) in a real cluster, and print commands to paste
	@exec node tools/deploy.mjs

format: $(installed) $(linters) ## format everything in place
	npx --no-install biome check --write .
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

run: $(bundles) ## start everything on 127.0.0.1:8080 (PORT= for another; STORE=localstack or a URL of DynamoDB) and print commands to paste
	@STEPPE_ENV="$${STEPPE_ENV-development}" $(if $(filter-out localstack,$(STORE)),DYNAMODB_ENDPOINT="$(STORE)") \
	  exec $(if $(filter localstack,$(STORE)),tools/localstack/localstack exec )node dist/local.mjs

token: $(bundles) ## print another token for a running `make run` (TENANT=, SCOPES=, TTL= in seconds)
	@exec node dist/token.mjs

openapi: $(bundles) ## regenerate docs/openapi.json from contracts/
	node dist/openapi.mjs > docs/openapi.json

variables: $(bundles) ## regenerate the tables of variables in docs/operating.md
	@node tools/variables.mjs

examples: $(bundles) ## run the programs in examples/ against a local mode of their own, and check what they print
	@exec node examples/run.mjs

chaos: $(bundles) ## run steps under faults of every kind for ten minutes (DURATION=60s; CHAOS=cluster on a real cluster), and count violations
	@TSX_DISABLE_CACHE=1 AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true exec $(if $(filter cluster,$(CHAOS)),node tools/in-cluster.mjs )node --import tsx test/chaos/main.ts

bench: $(bundles) $(kernels) $(nginx) ## measure the budgets beside nginx, a bare proxy and a Jupyter kernel gateway (BENCH=name for one row, ROUNDS=, SCALE=0.1); report in dist/bench/
	@TSX_DISABLE_CACHE=1 AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true exec node --import tsx bench/main.ts

simulate: $(installed) ## run the whole system in virtual time from a seed (SEED=7; TRACE=1; SEEDS=200 FROM=1), and check it; WEATHER=, CLIENTS= and ONLY= leave some of it out
	@node --import tsx test/simulation/run/simulate.ts --seed "$(SEED)" --seeds "$(SEEDS)" --from "$(FROM)" --weather "$(WEATHER)" --clients "$(CLIENTS)" --only "$(ONLY)" --trace "$(TRACE)"

simulate-same: $(installed) ## compare the hashes of the same seeds in processes of their own, and one after the other in one
	@node --import tsx test/simulation/run/same.ts

simulate-bugs: $(installed) ## find each bug of test/simulation/bugs/ (BUG= for one) within 100 seeds (SEEDS=), and print which rule saw it
	@node --import tsx test/simulation/run/simulate-bugs.ts --bug "$(BUG)" --seeds "$(SEEDS)"

simulate-night: $(installed) ## go on from the seeds of the last night, for STEPS=1000000; failing seeds are kept in test/simulation/kept-seeds.json
	@node --import tsx test/simulation/run/simulate-night.ts --steps "$(STEPS)"

simulate-audit: $(installed) ## count what a simulation uses of the real machine: nothing
	@node --import tsx test/simulation/run/audit.ts

images: $(bundles) ## build every image and its SBOM into dist/images/ (REGISTRY=, PUSH=1), with Docker or without
	@node --import tsx tools/images/build.ts --registry "$(REGISTRY)" $(if $(PUSH),--push)

test-images: $(bundles) ## build every image, test what is in them, and print the count (needs Docker, or root and Debian)
	@exec node tools/test-images.mjs

images-lock: $(installed) $(uv) ## record the hashes of the Python packages and the digests of the base images
	cd infra/images && $(CURDIR)/.venv-uv/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes \
	  --no-emit-index-url --custom-compile-command 'make images-lock' requirements-data.in --output-file requirements-data.txt
	@node --import tsx tools/images/lock-bases.ts

release: $(installed) ## give the workspace, the images and the chart a new version (VERSION=); the changelog must describe it
	@node tools/release.mjs "$(VERSION)"
	@$(MAKE) --silent chart-goldens

test-cluster: $(bundles) ## run test/cluster/ on a real cluster (CLUSTER=existing for that of KUBECONFIG; SCALE=full for 10 000 pods), and print figures and the count; needs root and Go
	@exec node tools/test-cluster.mjs

test-localstack: $(bundles) $(aws) ## deploy the table into LocalStack and run test/localstack/ on it (LOCALSTACK=docker, or AWS_ENDPOINT_URL for one that runs)
	@exec node tools/test-localstack.mjs

soak: $(bundles) ## create and end sessions at random for ten minutes (DURATION=60s; SOAK=cluster on a real cluster), and count what is left
	@TSX_DISABLE_CACHE=1 AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true exec $(if $(filter cluster,$(SOAK)),node tools/in-cluster.mjs )node --import tsx test/soak/main.ts

deploy-aws: $(aws) $(bundles) ## deploy a stage of cdk/stages/ to AWS (STAGE=; STACKS=storage for the table alone; APPROVAL=never)
	@cd cdk && AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true npx --no-install tsx deploy/main.ts --stage "$(STAGE)" --stacks "$(or $(STACKS),all)" --approval "$(or $(APPROVAL),broadening)"

aws-cost: $(aws) ## print what a stage costs a month at rest (STAGE=example), from the prices in cdk/costs/
	@cd cdk && npx --no-install tsx costs/main.ts --stage "$(or $(STAGE),example)"

synth: $(aws) ## synthesize the stacks of cdk/, check them, and print the count; needs no AWS account
	@exec node tools/synth.mjs

readme-smoke-test: ## run the README in a fresh clone and print how long the first response took
	@exec node tools/readme-smoke-test.mjs

# Not `npm ci`: it refuses a lock file that lacks the optional packages of other platforms. Versions are the lock file's all the same.
$(installed): package.json package-lock.json $(wildcard */package.json)
	npm install --no-save >&2
	@touch $@

# The CDK, which only deployments to AWS and their tests need.
$(aws): $(installed) cdk/package.json cdk/package-lock.json
	npm install --prefix cdk --no-save >&2
	@touch $@

$(bundles): $(installed) $(sources) docs/openapi.json $(wildcard data-plane/docs/*)
	@node tools/bundle.mjs
	@touch $@

$(linters): tools/requirements.txt
	python3 -m venv .venv >&2
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement tools/requirements.txt >&2
	@touch $@

# The other versions of Node that the runtime is tested with.
$(nodes): test/interpreters/package.json
	mkdir -p $(@D) && cp $< $(@D)/package.json
	npm install --prefix $(@D) --no-package-lock >&2
	@touch $@

# The kernels that the bench compares with.
$(kernels): bench/requirements.txt
	python3 -m venv --clear $(@D) >&2
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $< >&2
	@touch $@

# The proxy that the bench compares with: Debian's, unpacked and not installed, so that no server is started.
$(nginx):
	@command -v apt-get >/dev/null || { echo 'the bench needs nginx: put it at .nginx/usr/sbin/nginx and touch $@' >&2; exit 1; }
	mkdir -p $(@D) && cd $(@D) && apt-get --quiet=2 --option APT::Sandbox::User=root download nginx >&2 && dpkg-deb --extract nginx_*.deb .
	@touch $@

# Generates requests from the OpenAPI document.
$(schemathesis): test/embedded/api/schemathesis/requirements.txt
	python3 -m venv --clear $(@D) >&2
	$(@D)/bin/pip install --disable-pip-version-check --requirement $< >&2
	@touch $@

# Writes requirements with hashes.
$(uv):
	python3 -m venv --clear $(@D) >&2
	$(@D)/bin/pip install --disable-pip-version-check uv==0.13.9 >&2
	@touch $@

# The packages whose values the conformance suite of Python displays.
$(data): test/conformance/requirements.txt
	python3 -m venv --clear $(@D) >&2
	$(@D)/bin/pip install --disable-pip-version-check --requirement $< >&2
	@touch $@
