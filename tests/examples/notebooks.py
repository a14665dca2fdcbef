"""Run the code cells of a notebook in order, as Jupyter would, without Jupyter.

`python -m tests.examples.notebooks` runs every notebook and writes its outputs anew.
"""

import ast
import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
Output = dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    """Read a notebook."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def run(notebook: dict[str, Any]) -> list[list[Output]]:
    """Return the outputs of each code cell, all run in one empty folder and one namespace."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return [_run_cell("".join(cell["source"]), names) for cell in code_cells(notebook)]


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells that hold code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _run_cell(source: str, names: dict[str, Any]) -> list[Output]:
    *statements, last = ast.parse(source).body
    shown = None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)
            shown = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        else:
            exec(compile(ast.Module([*statements, last], []), "<cell>", "exec"), names)
    outputs: list[Output] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if shown is not None:
        outputs.append(_result(shown))
    return outputs


def _result(value: Any) -> Output:
    bundle = getattr(value, "_repr_mimebundle_", None)
    data = bundle() if bundle else {"text/plain": repr(value)}
    kept = {
        kind: shown.splitlines(keepends=True) if isinstance(shown, str) else shown
        for kind, shown in data.items()
    }
    return {"output_type": "display_data", "metadata": {}, "data": kept}


def write(path: Path) -> None:
    """Run a notebook and write its outputs into it."""
    notebook = read(path)
    for cell, outputs in zip(code_cells(notebook), run(notebook), strict=True):
        cell["outputs"] = outputs
    text = json.dumps(notebook, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    for each in NOTEBOOKS:
        write(each)
