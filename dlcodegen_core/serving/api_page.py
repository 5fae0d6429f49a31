"""The OpenAPI document as one HTML page: routes, fields, examples, a command to copy. Asks for nothing from elsewhere.

The page forbids itself every script and style but its own. Knows the document alone, none of the handlers.
"""

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

_STYLE = """
:root { --ground: #fff; --soft: #f2f6f7; --text: #1b2a2f; --quiet: #55666c; --line: #d5dfe2; --accent: #0b6572;
  --get: #0b6572; --post: #6a3fb5; --delete: #b03a0a; color-scheme: light; }
@media (prefers-color-scheme: dark) { :root { --ground: #12191c; --soft: #1b2529; --text: #e3ecee; --quiet: #a3b3b9;
  --line: #32424a; --accent: #5cc7d5; --get: #5cc7d5; --post: #c1a6f0; --delete: #f0986e; color-scheme: dark; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--ground);
  display: grid; grid-template-columns: 22rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem; background: var(--soft);
  border-right: 1px solid var(--line); font-size: 0.84rem; }
nav h2 { font-size: 0.8rem; margin: 1.1rem 0 0.3rem; color: var(--quiet); font-weight: 650; }
nav a { display: grid; grid-template-columns: 3.6rem 1fr; align-items: baseline;
  padding: 0.15rem 0.4rem; border-radius: 4px;
  color: inherit; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { background: var(--ground); }
nav a:focus-visible, button:focus-visible, summary:focus-visible, main a:focus-visible { outline: 2px solid
  var(--accent); outline-offset: 2px; }
main { padding: 2rem clamp(1rem, 4vw, 3.5rem) 6rem; max-width: 66rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.75rem; }
main h2 { font-size: 1.4rem; margin: 3rem 0 0.25rem; }
h3 { font: 650 1.05rem/1.4 ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }
h4 { font-size: 0.9rem; margin: 1.25rem 0 0.35rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
.quiet { color: var(--quiet); } main a { color: var(--accent); }
article { margin: 1.25rem 0; padding: 1.1rem 1.25rem 1.25rem; border: 1px solid var(--line); border-radius: 8px; }
article > p:first-of-type { font-weight: 600; margin-bottom: 0; }
.method { font: 700 0.8rem ui-monospace, monospace; }
h3 .method { font-size: inherit; margin-right: 0.5rem; }
.get { color: var(--get); } .post { color: var(--post); } .delete { color: var(--delete); }
code, pre { font-family: ui-monospace, monospace; font-size: 0.85rem; }
:not(pre) > code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 4px; overflow-wrap: anywhere; }
pre { margin: 0; padding: 0.8rem 1rem; background: var(--soft); border-radius: 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.copied { position: relative; } .copied pre { padding-right: 5rem; }
button { position: absolute; top: 0.45rem; right: 0.45rem; font: inherit; font-size: 0.8rem; padding: 0.15rem 0.6rem;
  border: 1px solid var(--line); border-radius: 5px; background: var(--ground); color: inherit; cursor: pointer; }
button:hover { border-color: var(--accent); color: var(--accent); }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.9rem 0.35rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; border-top: 0; } td:first-child { width: 30%; overflow-wrap: anywhere; }
td:nth-child(2) { width: 25%; color: var(--quiet); } .needed { color: var(--accent); font-size: 0.8rem; }
summary { cursor: pointer; margin-top: 1rem; font-weight: 600; font-size: 0.9rem; }
@media (max-width: 60rem) { body { display: block; } nav { position: static; height: auto; max-height: 45vh;
  border-right: 0; border-bottom: 1px solid var(--line); } }
@media (max-width: 40rem) { table, tbody, tr, td { display: block; } tr:first-child { display: none; }
  td, td:first-child, td:nth-child(2) { width: auto; border: 0; padding: 0.1rem 0; }
  tr { border-top: 1px solid var(--line); padding: 0.4rem 0; } }
@media print { nav, button { display: none; } body { display: block; } article { break-inside: avoid; } }
"""
# Of text that was chosen the browser can always copy; the clipboard itself is there on loopback and over TLS alone.
_SCRIPT = """
document.addEventListener("click", async event => {
  const button = event.target.closest("button");
  if (!button) return;
  const shown = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(shown.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(shown);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});
"""


_TITLES = {"4XX": "When it is refused: 4XX", "503": "When it cannot be answered now: 503"}


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def html_page(document: Mapping[str, Any], address: str) -> str:
    """The whole page. address: of this server, without a slash at its end, for the commands."""
    title, about = escape(document["info"]["title"]), document["info"]["description"]
    groups = {tag["name"]: (tag["description"], list(_operations(document, tag["name"]))) for tag in document["tags"]}
    links, parts = [], []
    for name, (meaning, found) in groups.items():
        links.append(f"<h2>{escape(name)}</h2>{''.join(map(_link, found))}")
        parts.append(f'<section><h2>{escape(name)}</h2><p class="quiet">{_prose(meaning)}</p>')
        parts += [_article(each, address) for each in found]
        parts.append("</section>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>"
        f'<nav aria-label="Routes"><strong>{title}</strong>{"".join(links)}</nav>'
        f'<main><h1>{title}</h1><p>{_prose(about)}</p><p class="quiet">Version '
        f'{escape(document["info"]["version"])}. For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f"{''.join(parts)}</main><script>{_SCRIPT}</script></body></html>\n"
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """An operation of the document, with where it stands."""

    method: str
    path: str
    told: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        return escape(self.told["operationId"])

    @property
    def badge(self) -> str:
        return f'<span class="method {self.method}">{self.method.upper()}</span>'


def _operations(document: Mapping[str, Any], tag: str) -> Iterator[_Shown]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if tag in told["tags"]:
                yield _Shown(method, path, told)


def _link(shown: _Shown) -> str:
    return f'<a href="#{shown.anchor}">{shown.badge}<span>{escape(shown.path)}</span></a>'


def _article(shown: _Shown, address: str) -> str:
    told = shown.told
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    parts = [
        f'<article id="{shown.anchor}"><h3>{shown.badge} {escape(shown.path)}</h3>',
        f"<p>{_prose(told['summary'])}</p><p>{_prose(told['description'])}</p>",
        f'<div class="copied"><pre>{escape(_command(shown, address, body.get("example")))}</pre>'
        '<button type="button">Copy</button></div>',
    ]
    if parameters := told.get("parameters"):
        rows = [_row(each["name"], each["schema"], each["description"], each.get("required", False), each["in"])
                for each in parameters]  # fmt: skip
        parts.append(f"<h4>In the address and the head</h4>{_table(rows)}")
    if body:
        parts.append(f"<h4>Body</h4>{_table(list(_rows(_without_null(body['schema']))))}")
    parts += [_reply(status, reply) for status, reply in told["responses"].items()]
    return "".join(parts) + "</article>"


def _command(shown: _Shown, address: str, example: object) -> str:
    """A curl command that can be pasted."""
    examples = {each["name"]: each.get("example") for each in shown.told.get("parameters", ()) if each["in"] == "path"}
    path = re.sub(r"\{(\w+)\}", lambda part: str(examples.get(part[1]) or part[1].upper()), shown.path)
    parts = ["curl"] if shown.method == "get" else ["curl", "-X", shown.method.upper()]
    parts.append(shlex.quote(f"{address}{path}"))
    command = " ".join(parts)
    if "requestBody" in shown.told:
        given = "@body.json" if example is None else json.dumps(example, ensure_ascii=False)
        command += f" \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(given)}"
    return command


def _reply(status: str, reply: Mapping[str, Any]) -> str:
    content = reply.get("content", {})
    example = next((each["example"] for each in content.values() if "example" in each), None)
    rows = list(_rows(next(iter(content.values()))["schema"])) if content else []
    kinds = ", ".join(content) or "no body"
    inside = f'<p class="quiet">{escape(kinds)}</p><p>{_prose(reply["description"])}</p>'
    if example is not None:
        inside += f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>"
    if rows:
        inside += _table(rows)
    title = _TITLES.get(status, f"Reply {status}")
    return f"<details><summary>{escape(title)}</summary>{inside}</details>"


def _rows(schema: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[str]:
    """A row for each field, those of inner objects under their path."""
    for inner in (schema, *schema.get("anyOf", ())):
        needed = inner.get("required", ())
        for name, field in inner.get("properties", {}).items():
            yield _row(f"{prefix}{name}", field, field.get("description", ""), name in needed)
            if depth < 3:
                yield from _rows(field, f"{prefix}{name}.", depth + 1)
    if "items" in schema and depth < 3:
        yield from _rows(schema["items"], f"{prefix.rstrip('.')}[]." if prefix else "", depth + 1)


def _without_null(schema: Any) -> Any:
    """A body's schema without what goes without saying: that a field which may be left out may be null as well."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema if part is not None and part != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    kinds = schema.get("type")
    plain = {"type": kinds[0]} if isinstance(kinds, list) and kinds[1:] == ["null"] else {}
    return {name: _without_null(part) for name, part in schema.items()} | plain


def _row(name: str, schema: Mapping[str, Any], meaning: str, needed: bool, where: str = "") -> str:
    marks = ' <span class="needed">needed</span>' if needed else ""
    marks += f' <span class="quiet">{escape(where)}</span>' if where else ""
    default = f" Default: `{json.dumps(schema['default'])}`." if "default" in schema else ""
    cells = (f"<code>{escape(name)}</code>{marks}", escape(_kind(schema)), _prose(f"{meaning}{default}".strip()))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _table(rows: list[str]) -> str:
    return f"<table><tr><th>Field</th><th>Kind</th><th>Meaning</th></tr>{''.join(rows)}</table>" if rows else ""


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value may be, in a few words."""
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join("null" if value is None else str(value) for value in schema["enum"])
    if "anyOf" in schema and "type" not in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_one_kind(kind, schema) for kind in kinds)


def _one_kind(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "array":
        low, high = schema.get("minItems"), schema.get("maxItems")
        count = f" of {high:,}" if high is not None and low == high else f" of up to {high:,}" if high else ""
        return f"list{count}: {_kind(schema['items'])}"
    if kind in ("integer", "number"):
        return f"{kind} {bounds}" if (bounds := _bounds(schema)) else kind
    if kind == "string" and "maxLength" in schema:
        return f"string, up to {schema['maxLength']:,} characters"
    return kind


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    start = f"from {low:,}" if low is not None else f"above {above:,}" if above is not None else ""
    end = f"to {high:,}" if high is not None else f"below {below:,}" if below is not None else ""
    return " ".join(filter(None, (start, end)))


def _prose(words: str) -> str:
    """A text of ours with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words, quote=False))
