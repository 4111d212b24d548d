"""Every graphic by the rules of OGraf: its manifest by the EBU's own schema, its component in a renderer of another origin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from streaming.cli.app import run
from streaming.web.gateway import Gateway
from streaming.web.graphics import graphics
from streaming.web.hub import Hub
from streaming.web.ograf import PARAMETERS
from tests.conftest import real_folder
from tests.streaming.web.scripted_sports import GAMES
from tests.streaming.web.test_browser import browser, until
from tests.streaming.web.test_sports import RunningGames
from tests.waiting import TIMEOUT_MS

__all__ = ["browser"]


@pytest.fixture(scope="module")
def rules() -> Draft202012Validator:
    """The EBU's schema of a manifest, with those that it refers to."""
    folder = real_folder().parent / "conformance" / "ograf"
    if not folder.is_dir():
        pytest.skip(f"the EBU's schemas are not at {folder}")
    schemas = [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]
    registry: Any = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas)
    (manifest,) = [schema for schema in schemas if schema["$id"].endswith("graphics/schema.json")]
    return Draft202012Validator(manifest, registry=registry)


@pytest.fixture(scope="module")
def race() -> Iterator[tuple[str, RunningGames]]:
    """A race on the air."""
    hub = Hub()
    games = RunningGames(hub, [GAMES["f1"]])
    games.start()
    with Gateway(hub, port=0) as gateway:
        yield gateway.url, games
        games.over.set()
        games.join()


def test_manifest_of_each_graphic_is_valid_ograf(
    tmp_path: Path, rules: Draft202012Validator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ograf", "--out", str(tmp_path), "--gateway", "http://10.0.0.5:8080/"]) == 0
    assert f"{len(graphics())} graphics with data from http://10.0.0.5:8080 in " in capsys.readouterr().out
    found = sorted(tmp_path.glob("*.ograf.json"))
    assert {path.name.partition(".")[0] for path in found} == set(graphics())
    for path in found:
        manifest = json.loads(path.read_text())
        assert [error.message for error in rules.iter_errors(manifest)] == []
        assert "http://10.0.0.5:8080" in (tmp_path / manifest["main"]).read_text()
        wrong = {**manifest, "supportsRealTime": "yes"}
        assert list(rules.iter_errors(wrong)), "the rules can be broken"


def test_manifest_parameters_are_those_that_the_page_reads() -> None:
    assert set(PARAMETERS) == {name for graphic in graphics().values() for name in graphic.parameters}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--gateway", "10.0.0.5"], "is not an address like http://127.0.0.1:8080"),
        (["--gateway", "http://["], "is not an address like http://127.0.0.1:8080"),
        (["--out", "/proc/none"], "cannot write to"),
    ],
)
def test_ograf_command_with_bad_arguments_prints_one_sentence(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ograf", "--out", str(tmp_path), *more]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_gateway_serves_manifests_with_its_own_address(race: tuple[str, RunningGames]) -> None:
    url, _ = race
    manifest = httpx.get(f"{url}/ograf/tower.ograf.json")
    assert manifest.headers["content-type"] == "application/json"
    assert manifest.json()["schema"]["properties"]["gateway"]["default"] == url
    main = httpx.get(f"{url}/ograf/{manifest.json()['main']}")
    assert main.headers["content-type"].startswith("text/javascript")
    assert main.headers["access-control-allow-origin"] == "*", "a renderer is of another origin"
    assert httpx.get(f"{url}/ograf/none.ograf.json").status_code == 404


#: what a renderer does: fetch the manifest, define its component, put it into the picture, call it by the interface
RENDERER = """async (manifest) => {
  const answer = await (await fetch(manifest)).json();
  customElements.define('a-graphic', (await import(new URL(answer.main, manifest))).default);
  window.graphic = document.createElement('a-graphic');
  document.body.append(graphic);
  window.size = { resolution: { width: 1920, height: 1080 }, frameRate: 50 };
  return [await graphic.load({ data: {}, renderType: 'non-realtime', renderCharacteristics: size }), await graphic.playAction({})];
}"""


#: a place of the picture where a tower is not
CORNER = {"x": 1700.0, "y": 900.0, "width": 100.0, "height": 100.0}


@pytest.mark.browser
def test_ograf_component_loads_plays_updates_stops_and_disposes(browser: Any, race: tuple[str, RunningGames]) -> None:
    url, _ = race
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_content("<body style='margin: 0; background: rgb(0, 128, 0)'></body>")
    beneath = page.screenshot(clip=CORNER)
    beforehand, unloaded = page.evaluate(RENDERER, f"{url}/ograf/tower.ograf.json")
    assert (beforehand["statusCode"], unloaded["statusCode"]) == (400, 409)

    def call(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = page.evaluate("([method, parameters]) => graphic[method](parameters)", [method, parameters])
        return answer

    load = {"renderType": "realtime", "renderCharacteristics": {"resolution": {"width": 1920, "height": 1080}, "frameRate": 50}}
    assert call("load", {**load, "data": {"rows": 10, "mode": "gap"}}) == {"statusCode": 200}
    page.wait_for_timeout(2_000)
    inside = page.frames[1]
    assert inside.locator(".tower-row").count() == 0, "loaded is not played"
    assert call("playAction", {}) == {"statusCode": 200, "currentStep": 0}
    inside.locator(".tower-row").first.wait_for(timeout=TIMEOUT_MS)
    assert inside.locator(".tower-row").count() == 10
    assert page.screenshot(clip=CORNER) == beneath, "nothing of ours covers the picture"

    assert call("updateAction", {"data": {"rows": 5}}) == {"statusCode": 200}
    until(page, "document.querySelectorAll('a-graphic iframe').length === 1")
    inside = page.frames[1]
    inside.locator(".tower-row").first.wait_for(timeout=TIMEOUT_MS)
    assert inside.locator(".tower-row").count() == 5, "still on, as the editor wants it now"
    assert "mode=gap" in inside.url, "an update may be of a part"
    assert call("stopAction", {"skipAnimation": True}) == {"statusCode": 200}
    inside.locator(".graphic").wait_for(state="detached", timeout=TIMEOUT_MS)
    assert call("playAction", {"goto": 0, "skipAnimation": True}) == {"statusCode": 200, "currentStep": 0}
    inside.locator(".graphic.still").wait_for(timeout=TIMEOUT_MS)
    assert inside.evaluate("getComputedStyle(document.querySelector('.graphic > *')).animationName") == "none"
    assert call("playAction", {"goto": 0})["currentStep"] == 0, "where it is already"
    assert call("playAction", {"delta": 1}).get("currentStep") is None, "a step further is the end"
    inside.locator(".graphic").wait_for(state="detached", timeout=TIMEOUT_MS)
    assert call("customAction", {"id": "dance"})["statusCode"] == 400
    assert call("dispose", {}) == {"statusCode": 200}
    assert page.locator("iframe").count() == 0
    assert call("load", {**load, "data": {"gateway": "http://127.0.0.1:9"}})["statusCode"] == 504
    assert faults == []
    page.close()
