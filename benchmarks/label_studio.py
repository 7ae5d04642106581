"""Try the way to Label Studio and back against one that runs.

Start one first, in an environment of its own, with a token that its API takes:

    pip install label-studio
    LABEL_STUDIO_USERNAME=a@example.org LABEL_STUDIO_PASSWORD=secret-1 \\
        LABEL_STUDIO_USER_TOKEN=0123456789abcdef0123456789abcdef01234567 \\
        LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true label-studio start --no-browser

    python benchmarks/label_studio.py --url http://localhost:8080 \\
        --token 0123456789abcdef0123456789abcdef01234567

For both directions it makes a project with our configuration (which Label Studio
checks), imports our tasks, answers one, skips one and leaves the others, exports as
JSON and imports that. With --record FOLDER the exports are kept.
"""

import argparse
import json
import tempfile
import urllib.request
from pathlib import Path

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling
from skmal.datasets import load_glyphs


def call(options, path, body=None):
    """Send JSON to Label Studio's API, or ask it; return what it answers."""
    request = urllib.request.Request(
        options.url.rstrip("/") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Token {options.token}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def round_trip(options, folder, modality):
    """Go there and back with questions about one modality."""
    images, names = load_glyphs(return_X_y=True)
    features = tuple(f[:100] for f in load_glyphs(features=True, return_X_y=True))
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(modality), batch_size=4, random_state=0
    )
    with AnnotationSession(
        folder / f"{modality}.skmal",
        images[:100],
        list(names[:100]),
        learner,
        features=features,
    ) as session:
        tasks, config = session.label_studio.export_tasks(folder / str(modality))
        project = call(
            options,
            "/api/projects",
            {"title": f"skmal {modality}", "label_config": config.read_text()},
        )["id"]
        call(options, f"/api/projects/{project}/import", json.loads(tasks.read_text()))
        found = call(
            options,
            f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true",
        )
        answered, skipped = found[0], found[1]
        alias = answered["data"]["choices"][0]["alias"]
        result = {
            "from_name": "partner",
            "to_name": "item",
            "type": "choices",
            "value": {"choices": [alias]},
        }
        for task, body in [
            (answered, {"result": [result], "lead_time": 1.5}),
            (skipped, {"result": [], "was_cancelled": True}),
        ]:
            call(options, f"/api/tasks/{task['id']}/annotations/", body)
        exported = call(
            options,
            f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true",
        )
        path = folder / f"export-{'Xy'[modality]}.json"
        path.write_text(json.dumps(exported, indent=1), encoding="utf-8")
        done = session.label_studio.import_answers(path)
        print(f"questions about {'Xy'[modality]}: {done}")
        if done.n_answers != 1 or done.conflicts or done.n_unanswered != 3:
            raise SystemExit("expected one answer and three questions without")


def main() -> None:
    """Go both ways."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://localhost:8080")
    parser.add_argument("--token", required=True)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.record or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for modality in (0, 1):
            round_trip(options, folder, modality)


if __name__ == "__main__":
    main()
