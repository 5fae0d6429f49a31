"""The packages that the corpus is made of, pinned, and those that models are evaluated on.

Chosen for readable source of many kinds. Not among them: the evaluation projects and what vendors or derives from
them; files that resemble theirs are dropped besides. What licence a package states is checked when it is read, not
trusted from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Package:
    """registry: "pip" or "npm". spec: name and version as the registry's client reads them.

    held_out: whether the whole package is kept from training, to measure on.
    """

    registry: str
    spec: str
    held_out: bool = False

    @property
    def name(self) -> str:
        return self.spec.partition("==")[0] if self.registry == "pip" else self.spec.rpartition("@")[0]

    @property
    def version(self) -> str:
        return self.spec.rpartition("==" if self.registry == "pip" else "@")[2]


_PYTHON = """
    accelerate==1.15.0 aio-pika==10.2.1 aiogram==3.31.0 aiohttp==3.14.5 aiokafka==0.14.0 altair==6.3.0 anyio==4.16.0
    apache-libcloud==3.9.1 arcade==3.3.3 arrow==1.4.0 arviz==0.23.4 asciimatics==1.15.0 astropy==8.0.2 asyncpg==0.32.0
    attrs==26.1.0 authlib==1.9.6 autobahn==26.10.2 babel==2.18.0 bandit==1.9.4 beautifulsoup4==4.15.0 behave==1.3.3
    black==26.10.1 blessed==1.52.0 bokeh==3.9.0 bottle==0.13.4 build==1.6.1 buildozer==1.6.0 cattrs==26.2.1
    celery==5.7.0 cirq-core==1.7.0 click==8.5.1 cliff==4.17.0 cmd2==4.3.1 conan==2.34.0 construct==2.10.70
    coverage==7.17.3 cryptography==50.0.2 cython==3.3.1 dagster==1.13.28 dash==4.4.1 dask==2026.8.0 datasets==5.2.0
    diffusers==0.42.1 discord-py==2.7.1 distributed==2026.8.0 docker==7.2.0 eventlet==0.41.3 fabric==3.2.3
    factory-boy==3.3.3 faker==40.54.0 falcon==4.4.0 fastapi==0.163.2 fire==0.7.1 flake8==7.5.0 flax==0.12.8
    fonttools==4.68.0 freezegun==1.5.5 fsspec==2026.9.0 geopandas==1.2.0 gevent==26.9.0 google-auth==2.62.2
    gradio==6.31.0 gunicorn==27.0.1 gymnasium==1.4.0 h11==0.16.0 h2==4.4.1 hatch==1.18.2 hatchling==1.33.0
    holoviews==1.23.2 homeassistant==2024.3.3 httpcore==1.0.9 httpx==0.28.1 huggingface-hub==2.4.0 hypercorn==0.18.0
    ibis-framework==12.0.0 ipykernel==7.4.0 ipython==9.18.1 isort==9.0.2 jax==0.10.2 jedi==0.20.1 jinja2==3.1.6
    joblib==1.6.0 jsonschema==4.26.0 jupyter-client==8.10.0 jupyter-server==2.21.1 kafka-python==3.0.12 keras==3.15.1
    kivy==2.3.1 kombu==5.7.0 langchain-core==1.8.1 lark==1.3.1 libcst==1.9.0 litestar==2.25.0
    llama-index-core==0.14.25 locust==2.47.0 loguru==0.7.3 luigi==3.8.1 manim==0.22.0 markdown-it-py==4.3.0
    markdown==3.11.3 marshmallow==4.4.0 mesa==3.3.1 meson==1.12.1 mistune==3.4.0 mitmproxy==11.0.2 mkdocs==1.6.1
    mlflow==3.18.0 mock==5.2.0 mongoengine==0.29.3 moviepy==2.2.1 music21==10.5.1 mypy==2.4.1 nats-py==2.16.0
    nbconvert==7.17.2 networkx==3.6.1 neutron==29.0.0 nicegui==3.18.0 nikola==8.3.3 nltk==3.10.4 nova==34.0.0
    nox==2026.10.20 numba==0.68.1 oauthlib==4.0.1 openpyxl==3.1.5 openstacksdk==4.22.0 optax==0.2.8
    pandas==3.1.1 panel==1.9.4 parsel==1.12.1 parso==0.8.7 passlib==1.7.4 pdfminer-six==20260107 pdm==2.29.4
    peft==0.21.2 pendulum==3.3.0 pennylane==0.45.1 pettingzoo==1.27.0 pika==1.4.4 plumbum==2.0.2 poetry==2.5.1
    praw==8.0.3 pre-commit==4.7.0 prefect==3.9.1 prometheus-client==0.26.0 prompt-toolkit==3.0.53 pybind11==3.1.0
    pycodestyle==2.15.0 pycparser==3.12 pydantic==2.14.3 pyflakes==4.1.0 pyjwt==2.15.1 pymatgen==2026.10.24
    pymc==5.28.5 pymongo==4.20.0 pyparsing==3.3.3 pypdf==7.1.0 pypika==0.51.1 pytest-asyncio==1.5.0
    pytest-xdist==3.8.0 pytest==9.2.0 python-docx==1.2.0 python-pptx==1.0.2 pytorch-lightning==2.6.6 pyyaml==6.0.3
    qiskit==2.6.1 questionary==2.1.1 redis==8.1.0 reportlab==5.1.0 responses==0.26.3 robotframework==7.5 rq==2.12.0
    ruamel-yaml==0.19.1 sanic==25.12.1 scikit-image==0.26.0 scikit-learn==1.9.1 scipy==1.17.1 scons==4.11.1
    scrapy==2.19.0 seaborn==0.13.2 selenium==4.52.0 sentry-sdk==2.75.0 simpy==4.1.2 spacy==3.8.18 sphinx==9.0.4
    sqlglot==30.30.0 sqlparse==0.6.1 stable-baselines3==2.9.2 starlette==1.10.0 statsmodels==0.15.0
    streamlit==1.67.0 sunpy==7.0.5 sympy==1.14.0 textx==4.4.0 tinycss2==1.5.1 tomlkit==0.15.2 torchmetrics==1.9.0
    tornado==6.6.1 tortoise-orm==1.1.9 tox==4.67.13 traitlets==5.16.1 transformers==5.23.0 trio==0.35.0 tweepy==4.17.0
    twine==7.0.0 twisted==26.10.0 typer==0.29.1 uvicorn==0.54.0 vcrpy==9.4.2 virtualenv==21.15.7 weasyprint==70.0
    websockets==17.4 xarray==2026.9.0 xlsxwriter==3.3.1 xonsh==0.25.0 yapf==0.43.0 zarr==3.1.6
"""
_PYTHON_HELD_OUT = """
    invoke==3.0.3 mido==1.3.3 slack-sdk==3.47.0 structlog==26.1.0
"""
_NODE = """
    @11ty/eleventy@3.1.8 abitype@1.3.0 @antv/g2@5.4.8 @antv/g6@5.1.1 @antv/x6@3.1.8 async@3.2.6 axios@1.21.1
    better-sqlite3@13.2.0 blessed@0.1.81 @blueprintjs/core@6.20.0 @blueprintjs/table@6.2.6 bootstrap@5.3.8 bson@7.3.4
    bull@4.16.5 @capacitor/android@8.5.2 @cesium/engine@26.3.0 cheerio@1.2.0 codeceptjs@4.2.0 codemirror@6.65.7
    commander@15.1.0 compromise@14.17.0 cordova-android@15.1.0 cordova-plugin-camera@8.0.0 cordova-plugin-file@8.1.3
    css-tree@3.2.1 cytoscape@3.34.4 d3-array@3.2.5 d3-force@3.0.1 d3-geo@3.1.2 d3-hierarchy@3.1.3 d3-scale@4.0.3
    d3-selection@3.0.1 d3-shape@3.2.1 d3-transition@3.0.2 @deck.gl/core@9.4.0 @deck.gl/layers@9.4.0 discord.js@14.28.1
    dojo@1.17.3 @effect/cli@0.77.2 @effect/platform@0.97.2 @effect/rpc@0.76.2 @effect/sql@0.52.1 effect@4.1.0
    eslint-plugin-react@7.37.5 eslint-plugin-unicorn@80.0.0 eslint-plugin-vue@10.12.1 eslint@10.15.0 ethers@6.17.0
    exceljs@4.4.0 execa@10.2.1 expo-modules-core@58.0.7 expo-router@58.0.6 expo@58.0.0 express@5.3.0 fabric@7.4.0
    fastify@5.12.8 handlebars@4.7.10 @hapi/hapi@21.4.10 happy-dom@21.0.4 helia@7.1.15 hexo@8.1.2 hls.js@1.7.4
    immer@11.2.10 joi@18.3.2 jquery-ui@1.14.2 jquery@4.0.0 jsdom@31.0.1 jspdf@4.2.1 @jupyterlab/apputils@4.7.6
    @jupyterlab/cells@4.6.6 @jupyterlab/completer@4.6.6 @jupyterlab/docregistry@4.6.6 @jupyterlab/filebrowser@4.6.6
    @jupyterlab/notebook@4.6.6 @jupyterlab/services@7.6.6 kafkajs@2.2.4 karma@6.4.4 langium@4.4.0 leaflet@1.9.4
    less@4.9.1 libp2p@3.3.11 linkedom@0.18.15 livekit-client@2.23.0 @loaders.gl/core@4.5.4 lodash@4.18.1
    @luma.gl/core@9.4.2 @luma.gl/engine@9.4.2 @lumino/datagrid@2.5.8 @lumino/virtualdom@2.0.5 @lumino/widgets@2.10.0
    maplibre-gl@6.17.0 markdown-it@15.0.3 mathjs@15.2.0 matrix-js-sdk@43.0.0 mobx@7.1.3 mocha@12.0.3 moment@2.31.0
    mongodb@7.8.0 mongoose@9.12.1 @mui/material@9.5.0 multiformats@14.0.5 mysql2@3.24.5 nan@2.30.0 nightwatch@3.16.0
    @noble/curves@2.4.0 @noble/hashes@2.4.0 node-addon-api@8.9.2 node-pty@1.1.0 @node-red/nodes@5.0.7
    @node-red/runtime@5.0.7 nunjucks@3.2.4 objection@3.1.5 ol@10.10.0 ox@1.8.3 @patternfly/react-core@6.6.1
    pdf-lib@1.17.1 pg@8.23.1 phaser@4.2.1 pino@10.4.0 plotly.js@4.1.1 postcss@8.5.33 pouchdb-core@9.0.0 preact@11.2.0
    prosemirror-markdown@1.13.9 prosemirror-model@1.25.13 prosemirror-state@1.4.4 prosemirror-tables@1.8.5
    prosemirror-transform@1.12.6 prosemirror-view@1.42.9 puppeteer-core@25.16.0 quasar@2.34.0 ra-core@5.15.4
    ra-ui-materialui@5.15.4 ramda@0.32.0 @react-aria/interactions@3.28.1 @react-aria/selection@3.28.1
    react-native-gesture-handler@3.5.0 react-native-paper@5.15.3 react-native-reanimated@4.7.1
    react-native-screens@4.28.0 react-native@0.76.7 react-redux@9.3.1 @react-spectrum/s2@1.7.1
    @react-stately/table@3.16.1 recast@0.24.0 redux@5.0.1 @reduxjs/toolkit@2.14.0 @refinedev/antd@6.0.3
    @refinedev/core@5.0.12 rxdb@17.6.0 sequelize@6.37.8 serverless@3.7.4 shaka-player@5.2.12 sharp@0.35.5 sinon@22.1.0
    stylelint@18.0.0 superagent@10.4.2 svelte@5.57.3 @sveltejs/kit@3.2.0 tailwindcss@4.3.5 @tanstack/db@0.15.2
    @tanstack/form-core@4.0.2 @tanstack/query-core@5.108.0 @tanstack/react-query@5.108.0
    @tanstack/react-router@1.170.46 @tanstack/router-core@1.171.39 @tanstack/table-core@9.3.1
    @tanstack/virtual-core@3.19.11 terser@5.51.2 @tiptap/core@3.34.0 tone@15.5.44 @trpc/client@11.25.2
    @trpc/server@11.25.2 underscore@1.13.8 undici@8.12.4 vega-lite@6.5.0 viem@2.57.20 @wagmi/core@3.6.5 wagmi@3.7.7
    webpack@5.112.2 winston@3.19.0 ws@8.23.0 @xterm/xterm@6.0.0 zod@4.6.7
"""
_NODE_HELD_OUT = """
    knex@3.3.0 koa@3.2.1 luxon@3.7.2 nexus@1.3.0 @react-navigation/core@7.23.0 @react-navigation/elements@2.9.44
    @react-navigation/stack@7.11.2 telegraf@4.16.3
"""

PACKAGES = tuple(
    Package(registry, spec, held_out)
    for registry, specs, held_out in (
        ("pip", _PYTHON, False),
        ("pip", _PYTHON_HELD_OUT, True),
        ("npm", _NODE, False),
        ("npm", _NODE_HELD_OUT, True),
    )
    for spec in specs.split()
)
EVALUATION = (
    Package("pip", "django==5.2"),
    Package("pip", "sqlalchemy==2.1.9"),
    Package("pip", "rich==15.0.0"),
    Package("pip", "flask==3.1.3"),
    Package("pip", "requests==2.34.2"),
    Package("npm", "three@0.170.0"),
    Package("npm", "rxjs@7.8.1"),
)
