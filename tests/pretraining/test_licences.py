"""Only what a package's own metadata states counts, and only a few licences do."""

import json

import pytest

from pretraining.licences import is_allowed, stated_licence

THREE_CLAUSES = b"""Redistribution and use ... Redistributions in binary form must reproduce ...
Neither the name of the copyright holder nor the names of its contributors may be used ..."""


def wheel(metadata: str, licence: bytes = b"") -> dict[str, bytes]:
    return {"a-1.dist-info/METADATA": metadata.encode(), "a-1.dist-info/LICENSE": licence}


@pytest.mark.parametrize("expression", ["MIT", "(MIT OR GPL-3.0-only)", "MIT AND (ISC OR MPL-2.0)", "PSF-2.0"])
def test_an_expression_that_leaves_an_allowed_choice_is_allowed(expression):
    assert is_allowed(expression)


@pytest.mark.parametrize(
    "expression", ["", "GPL-3.0-only", "MIT AND MPL-2.0", "MIT AND", "(MIT", "UNLICENSED", "MIT OR"]
)
def test_anything_else_is_not(expression):
    assert not is_allowed(expression)


def test_a_wheel_states_it_as_expression_classifier_or_words():
    assert stated_licence(wheel("License-Expression: Apache-2.0\n")) == "Apache-2.0"
    assert stated_licence(wheel("Classifier: License :: OSI Approved :: MIT License\n")) == "MIT"
    assert stated_licence(wheel("License: Apache License 2.0\n")) == "Apache-2.0"


def test_which_bsd_it_is_stands_in_the_licence_text():
    metadata = "Classifier: License :: OSI Approved :: BSD License\n"
    assert stated_licence(wheel(metadata, THREE_CLAUSES)) == "BSD-3-Clause"
    assert stated_licence(wheel(metadata, THREE_CLAUSES.split(b"\n")[0])) == "BSD-2-Clause"
    assert not is_allowed(stated_licence(wheel(metadata)))


def test_of_two_classifiers_both_must_be_allowed():
    mixed = "".join(
        f"Classifier: License :: OSI Approved :: {name}\n"
        for name in ("MIT License", "Mozilla Public License 2.0 (MPL 2.0)")
    )
    assert not is_allowed(stated_licence(wheel(mixed)))


def test_an_npm_package_states_it_in_its_package_json():
    assert stated_licence({"package.json": json.dumps({"license": "ISC"}).encode()}) == "ISC"
    assert stated_licence({"package.json": json.dumps({"license": {"type": "MIT"}}).encode()}) == "MIT"
    assert stated_licence({"package.json": b"{}"}) == ""
    assert stated_licence({"package.json": b"no json"}) == ""
