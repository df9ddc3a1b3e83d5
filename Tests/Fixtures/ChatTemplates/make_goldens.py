"""Renders templates with transformers' own renderer and writes what came out, errors included.

    python3 make_goldens.py          (transformers 5.23, jinja2 3.1.6)

snippets.json       small templates of snippets.py, each with the variables it reads
conversations.json  templates/*.jinja over conversations
"""
import datetime
import json
import pathlib

import jinja2
from transformers.utils import chat_template_utils as renderer

import conversations
import snippets

HERE = pathlib.Path(__file__).parent
MOMENT = 1_700_000_000


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(MOMENT, datetime.timezone.utc).replace(tzinfo=None)


renderer.datetime = Clock


def outcome(template, messages, variables):
    """What transformers makes of a template: text, the message of raise_exception, or that it fails."""
    variables = dict(variables)
    try:
        rendered, _ = renderer.render_jinja_template(
            conversations=[messages], chat_template=template, tools=variables.pop("tools", None),
            add_generation_prompt=variables.pop("add_generation_prompt", False), **variables)
        return {"rendered": rendered[0]}
    except jinja2.exceptions.TemplateError as error:
        if type(error) is jinja2.exceptions.TemplateError:
            return {"raised": str(error)}
        return {"fails": type(error).__name__}
    except Exception as error:  # what jinja2 lets through from Python
        return {"fails": type(error).__name__}


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, indent=0) + "\n"
    (HERE / name).write_text(text, encoding="utf-8")
    print(name, len(value.get("cases", value)), "cases,", len(text.encode()), "bytes")


def main():
    cases = []
    for template in snippets.SNIPPETS:
        cases.append({"template": template, **outcome(template, [], snippets.COMMON)})
    names = [{"template": t, "construct": c, "line": line} for t, c, line in snippets.NOT_EVALUATED]
    given = {**snippets.COMMON, "messages": [], "tools": None, "documents": None, "add_generation_prompt": False}
    write("snippets.json", {"moment": MOMENT, "variables": given, "cases": cases, "notEvaluated": names})

    cases = []
    for path in sorted((HERE / "templates").glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        for name, messages, variables in conversations.CASES:
            seen = {"messages": renderer._alias_reasoning_fields(messages), "tools": None, "documents": None,
                    "add_generation_prompt": False, **variables}
            cases.append({"template": path.name, "conversation": name, "variables": seen,
                          **outcome(template, messages, variables)})
    write("conversations.json", {"moment": MOMENT, "cases": cases})


main()
