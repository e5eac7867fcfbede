"""Under which licence a model is: as its folder says, as the user says, or not at all."""

from __future__ import annotations

import pytest

from hitpoint.exporters.outside.licences import Said, front_matter, recognised, settle
from hitpoint.runtime.errors import UsageError

# The telling lines of the texts, as their publishers have them.
MIT = "MIT License\n\nCopyright (c) 2021 X\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\nof this software"
APACHE = "                                 Apache License\n                           Version 2.0, January 2004\n"
NON_COMMERCIAL = "Creative Commons Attribution-NonCommercial 4.0 International Public License"
BSD3 = "Redistributions in binary form must reproduce ... Neither the name of the copyright holder"


def card(folder, *lines):
    (folder / "README.md").write_text("\n".join(["---", *lines, "---", "# Model", "license: other-words"]))


@pytest.mark.parametrize(
    ("lines", "id", "commercial"),
    [
        (["license: mit"], "MIT", True),
        (["tags: [a, b]", 'license: "apache-2.0"', "x: y"], "Apache-2.0", True),
        (["license:", "- cc-by-nc-4.0", "- mit"], "CC-BY-NC-4.0", False),
        (["license: [cc-by-4.0]"], "CC-BY-4.0", True),
    ],
)
def test_a_model_card_says_it(tmp_path, lines, id, commercial):
    card(tmp_path, *lines)
    found = settle(tmp_path, Said())
    assert (found.licence.id, found.licence.commercial, found.where) == (id, commercial, "README.md")
    assert found.licence.url == f"https://spdx.org/licenses/{id}.html"


@pytest.mark.parametrize(
    ("name", "text", "id"),
    [("LICENSE", MIT, "MIT"), ("LICENSE.txt", APACHE, "Apache-2.0"), ("LICENCE.md", NON_COMMERCIAL, "CC-BY-NC-4.0")],
)
def test_a_licence_beside_the_weights_says_it_and_comes_along(tmp_path, name, text, id):
    (tmp_path / name).write_text(text)
    found = settle(tmp_path, Said())
    assert (found.licence.id, found.where, found.text) == (id, name, text)
    assert found.licence.commercial is (id != "CC-BY-NC-4.0")


def test_texts_are_told_apart():
    assert [recognised(text) for text in (MIT, APACHE, NON_COMMERCIAL, BSD3)] == [
        "mit",
        "apache-2.0",
        "cc-by-nc-4.0",
        "bsd-3-clause",
    ]
    assert recognised("You may look at this on Sundays.") is None


def test_without_a_word_about_it_the_user_must_say(tmp_path):
    card(tmp_path, "tags: [vision]")
    (tmp_path / "LICENSE").write_text("You may look at this on Sundays.")
    with pytest.raises(UsageError, match=r"does not say under which licence.*--licence ID"):
        settle(tmp_path, Said())
    found = settle(tmp_path, Said("MIT"))
    assert (found.licence.id, found.where) == ("MIT", "as the command line says")
    assert found.text == "You may look at this on Sundays."


def test_a_licence_that_nobody_knows_needs_its_use_and_its_address(tmp_path):
    with pytest.raises(UsageError, match=r"does not know the licence 'sunday-1'.*--commercial or --no-commercial"):
        settle(tmp_path, Said("sunday-1"))
    with pytest.raises(UsageError, match="--licence-url"):
        settle(tmp_path, Said("sunday-1", False))
    said = settle(tmp_path, Said("sunday-1", False, "https://example.org/sunday")).licence
    assert (said.id, said.commercial, said.url) == ("LicenseRef-sunday-1", False, "https://example.org/sunday")
    with pytest.raises(UsageError, match="no address of the web"):
        settle(tmp_path, Said("sunday-1", False, "file:///etc"))


def test_a_card_may_name_a_licence_of_its_own(tmp_path):
    card(tmp_path, "license: other", "license_name: stability-community", "license_link: https://example.org/l")
    said = settle(tmp_path, Said(commercial=False)).licence
    assert (said.id, said.url) == ("LicenseRef-stability-community", "https://example.org/l")


def test_nothing_makes_a_licence_wider_than_it_is(tmp_path):
    card(tmp_path, "license: cc-by-nc-sa-4.0")
    with pytest.raises(UsageError, match=r"CC-BY-NC-SA-4.0 forbids commercial use"):
        settle(tmp_path, Said(commercial=True))
    card(tmp_path, "license: mit")
    assert settle(tmp_path, Said(commercial=False)).licence.commercial is False


def test_a_card_and_a_licence_that_contradict_each_other_are_the_users_to_settle(tmp_path):
    card(tmp_path, "license: mit")
    (tmp_path / "LICENSE").write_text(NON_COMMERCIAL)
    with pytest.raises(UsageError, match=r"README.md says mit, LICENSE is cc-by-nc-4.0"):
        settle(tmp_path, Said())
    assert settle(tmp_path, Said("CC-BY-NC-4.0")).licence.commercial is False


@pytest.mark.parametrize(
    "text", ["", "no card", "---\nlicense: mit\n", "text\n---\nlicense: mit\n---\n", "---\n- a\n---"]
)
def test_what_is_no_front_matter_says_nothing(text):
    assert not front_matter(text)
