"""Conversations that make_goldens.py renders with every template."""

USER = {"role": "user", "content": " Count the boats. "}
TURNS = [USER, {"role": "assistant", "content": "One, two."}, {"role": "user", "content": "And then?"}]
SYSTEM = {"role": "system", "content": "You are brief.\n"}
TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "The weather of a \"place\".",
        "parameters": {"type": "object", "required": ["place", "when"], "properties": {
            "place": {"type": "string", "description": " Where, e.g. Zürich "},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "The unit."},
            "when": {"type": "object", "description": "When.", "required": ["day"], "properties": {
                "day": {"type": "integer", "description": "Day."}, "hours": {"type": "array", "description": "Hours.",
                "items": {"type": "number"}}}},
            "tags": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": "string", "description": ""}}, "required": ["name"]}},
            "any": {"type": "array", "description": "Any.", "items": {"type": ["string", "null"], "minimum": 0.5}},
        }}}},
    {"type": "function", "function": {"name": "now", "description": "", "parameters": None}},
]
CALL = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "id": "c1", "function": {
    "name": "get_weather", "arguments": {"place": "Bern", "when": {"day": 3, "late": True, "x": None}, "n": [1, 2.5, "a"]}}}]}
TWO_CALLS = {"role": "assistant", "content": "Two calls.", "tool_calls": [
    {"type": "function", "function": {"name": "now", "arguments": {}}},
    {"type": "function", "function": {"name": "now", "arguments": "raw"}}]}
ANSWER = {"role": "tool", "name": "get_weather", "content": '{"t": 21}'}
RICH_ANSWER = {"role": "tool", "tool_responses": [{"name": "get_weather", "response": {"t": 21.5, "sky": ["clear", "é"]}}],
               "content": {"t": 21.5}}
THOUGHT = {"role": "assistant", "content": "<|channel>thought\nold<channel|>It is \n warm. ", "reasoning_content": " hmm \n"}
THINK = {"role": "assistant", "content": "<think>\nhmm\n</think>\n\nIt is warm."}
PARTS = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What is it? "}, {"type": "text", "text": "Say."}]}
ASK = {"add_generation_prompt": True}
TOKENS = {"bos_token": "<bos>", "eos_token": "<eos>"}

CASES = [
    ("one question", [USER], {**TOKENS, **ASK}),
    ("turns", TURNS, {**TOKENS, **ASK}),
    ("turns without a prompt", TURNS, TOKENS),
    ("no tokens", TURNS, ASK),
    ("system", [SYSTEM] + TURNS, {**TOKENS, **ASK}),
    ("system in parts", [{"role": "system", "content": [{"type": "text", "text": "Brief."}]}, USER], {**TOKENS, **ASK}),
    ("two users", [USER, USER], {**TOKENS, **ASK}),
    ("assistant first", [TURNS[1]], {**TOKENS, **ASK}),
    ("system alone", [SYSTEM], {**TOKENS, **ASK}),
    ("no messages", [], {**TOKENS, **ASK}),
    ("parts", [PARTS], {**TOKENS, **ASK}),
    ("unknown part", [{"role": "user", "content": [{"type": "smell"}]}], {**TOKENS, **ASK}),
    ("no content", [{"role": "user", "content": None}], {**TOKENS, **ASK}),
    ("content is a number", [{"role": "user", "content": 5}], {**TOKENS, **ASK}),
    ("tools", [USER], {**TOKENS, **ASK, "tools": TOOLS}),
    ("tools and system", [SYSTEM, USER], {**TOKENS, **ASK, "tools": TOOLS}),
    ("a call", [USER, CALL], {**TOKENS, "tools": TOOLS}),
    ("an answer", [USER, CALL, ANSWER], {**TOKENS, **ASK, "tools": TOOLS}),
    ("a rich answer", [USER, CALL, RICH_ANSWER, {"role": "assistant", "content": "Warm."}], {**TOKENS, "tools": TOOLS}),
    ("two calls", [USER, TWO_CALLS, ANSWER, ANSWER], {**TOKENS, **ASK, "tools": TOOLS}),
    ("thinking", [USER, THOUGHT, USER], {**TOKENS, **ASK, "enable_thinking": True}),
    ("thought last", [USER, THOUGHT], {**TOKENS, "enable_thinking": True}),
    ("no thinking", [USER, THINK, USER, THINK], {**TOKENS, **ASK, "enable_thinking": False}),
    ("thinking with system and tools", [SYSTEM, USER], {**TOKENS, **ASK, "enable_thinking": True, "tools": TOOLS}),
    ("unicode", [{"role": "user", "content": "\u00a0e\u0301 😀 \r\n ﬁ\u2003"}], {**TOKENS, **ASK}),
    ("quotes", [{"role": "user", "content": "it's \"so\" {{ x }} {% y %} <b>&</b>"}], {**TOKENS, **ASK}),
    ("date given", TURNS, {**TOKENS, **ASK, "date_string": "1 Jan 2000"}),
    ("custom tools", [USER], {**TOKENS, **ASK, "custom_tools": TOOLS}),
    ("odd role", [{"role": "developer", "content": "x"}, USER], {**TOKENS, **ASK}),
]
