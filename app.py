"""The workbench's ASGI entry: pages and routes in one process. `streamlit run app.py` finds `app` by its name.

Nothing heavy is imported here; what is slow is warmed up in the background after the first page had its chance.
"""

from pathlib import Path

import streamlit as st

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.serving.guarded import guard_pages
from dlcodegen_core.serving.routes import routes
from dlcodegen_core.serving.warm_up import lifespan

answered = routes()
try:
    gate = guard_pages(answered, st.get_option("server.address"))
except WorkbenchError as exc:
    raise SystemExit(f"Error: {exc}") from exc
script = Path(__file__).with_name("workbench.py").absolute()
app = st.App(script, routes=answered, lifespan=lifespan, middleware=[gate])
