"""`tintype doctor`: a thin face of `tintype.doctor`."""

import json
import shutil
import sys
import textwrap

import typer

from .options import JsonOption

# In letters, since a console may have no signs.
_MARKS = {"ok": "ok", "absent": "--", "wrong": "!!"}


def _fitted(head: str, text: str) -> str:
    """A line; on a terminal that is too narrow for it, several, the text in a column of its own."""
    if not sys.stdout.isatty():
        return head + text
    width = shutil.get_terminal_size().columns
    return textwrap.fill(
        text, max(width, len(head) + 24), initial_indent=head, subsequent_indent=" " * len(head),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed and works here: versions, extras, codecs, engine, folders, a self-test.

    Codecs are tried by a real round trip, and the self-test asks the model something to which the answer is known.
    There is nothing private in what is printed: paste it into a report. Lines begin with ok, with -- for what is not
    installed and not missed, or with !! for what is wrong; then the exit status is 1.

    Examples:

      tintype doctor

      tintype doctor --json > doctor.json
    """
    from tintype.doctor import examine

    from .config_file import user_file

    findings = []
    part = ""
    for finding in examine(user_file()):
        findings.append(finding)
        if as_json:
            continue
        if finding.part != part:
            print(f"{chr(10) if part else ''}{finding.part}")
            part = finding.part
        fix = f"  ->  {finding.fix}" if finding.fix and finding.state != "ok" else ""
        print(_fitted(f"  {_MARKS[finding.state]}  {finding.name:<24} ", finding.value + fix), flush=True)
    wrong = [finding for finding in findings if finding.state == "wrong"]
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2))
    elif wrong:
        things = "thing is" if len(wrong) == 1 else "things are"
        print(f"\n{len(wrong)} {things} wrong: {', '.join(finding.name for finding in wrong)}", file=sys.stderr)
    else:
        print("\nNothing is wrong.")
    if wrong:
        raise typer.Exit(1)
