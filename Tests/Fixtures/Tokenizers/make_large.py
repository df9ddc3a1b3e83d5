#!/usr/bin/env python3
"""Writes a tokenizer.json of Gemma 3's real size and shape from a seed: 262,144 pieces, 377,200 merges, 6,413 added
tokens, about 29 MB. The pieces are made up; everything else is as in google/gemma-3-1b-it.
usage: make_large.py OUT.json [SEED]"""
import json, random, sys

PIECES, MERGES, ADDED, LONGEST = 262_144, 377_200, 6_413, 16
HTML = ["table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6",
        "blockquote", "ul", "li", "sub", "sup", "strong", "a", "i", "b", "s", "u", "code"]


def alphabet(draw):
    ascii_marks = [chr(c) for c in range(0x21, 0x7F)]
    letters = [chr(c) for r in ((0xA1, 0x180), (0x391, 0x3CA), (0x410, 0x450), (0x5D0, 0x5EB), (0x621, 0x64B),
                                (0x905, 0x93A), (0xE01, 0xE2F), (0x3041, 0x3097), (0x30A1, 0x30FB)) for c in range(*r)]
    wide = [chr(c) for c in draw.sample(range(0x4E00, 0x9FA5), 6000) + draw.sample(range(0xAC00, 0xD7A4), 1500)]
    emoji = [chr(c) for c in range(0x1F300, 0x1F650)]
    return ascii_marks, letters, wide + emoji


def build(seed):
    draw = random.Random(seed)
    unused = [f"<unused{i}>" for i in range(6400)]
    control = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]"] + unused[:99]
    control += ["<start_of_turn>", "<end_of_turn>"]
    runs = ["\n" * n for n in range(1, 31)] + ["▁" * n for n in range(2, 32)]
    tags = [f"<{t}>" for t in HTML] + [f"</{t}>" for t in HTML]
    late = unused[99:]
    late = late[:ADDED - len(control) - len(runs) - len(tags)]
    added = control + runs + tags + late
    assert len(added) == ADDED
    head = control + runs + tags + [f"<0x{i:02X}>" for i in range(256)]
    ascii_marks, letters, wide = alphabet(draw)
    single = ["▁", "\t"] + ascii_marks + letters + wide
    room = PIECES - len(head) - len(single) - len(late)
    # Words grow from shorter words, as BPE learns them: each new piece is two known ones of the same script.
    families = [["▁"] + [c for c in ascii_marks if c.isalpha()] * 2, letters + ["▁"], ["▁"] + wide, ascii_marks + ["▁"]]
    grown = [list(f) for f in families]
    known, merged, halves, after = set(head) | set(single) | set(late), [], [], {}
    while len(merged) < room:
        family = draw.choices(grown, (12, 4, 2, 1))[0]
        if merged and draw.random() < 0.55:  # ab and bc are known: abc splits in two ways
            (left, middle) = draw.choice(halves)
            right = draw.choice(after.get(middle, [middle]))
            left, right = (left + middle, right) if draw.random() < 0.5 else (left, middle + right)
        else:
            left, right = draw.choice(family), draw.choice(family)
        piece = left + right
        if left not in known or right not in known: continue
        if piece in known or len(piece.encode()) > LONGEST or "▁" in piece[1:]: continue
        known.add(piece)
        family.append(piece)
        merged.append(piece)
        halves.append((left, right))
        after.setdefault(left, []).append(right)
    vocab = {p: i for i, p in enumerate(head + merged + single + late)}
    assert len(vocab) == PIECES
    # One split of each piece, the pairs of the runs, then other splits until the count is met; the order is that of
    # a conversion from SentencePiece: by the joined piece's rank, then by the lengths of the halves, descending.
    rank = {p: i for i, p in enumerate(merged)}
    pairs = set(halves)
    pairs |= {(r[:k], r[k:]) for r in runs for k in range(1, len(r)) if r[:k] in vocab and r[k:] in vocab}
    spare = sorted({(p[:k], p[k:]) for p in merged for k in range(1, len(p)) if p[:k] in vocab and p[k:] in vocab} - pairs)
    pairs |= set(draw.sample(spare, min(len(spare), MERGES - len(pairs))))
    merges = sorted(pairs, key=lambda m: (rank.get(m[0] + m[1], -1), -len(m[0]), -len(m[1]), m))
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    special = set(control) - {"<mask>"}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": sorted(({"id": vocab[p], "content": p, **flags, "special": p in special} for p in added),
                               key=lambda t: t["id"]),
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "<bos>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}}},
        "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                                                     {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": vocab, "merges": [list(m) for m in merges]}}


if __name__ == "__main__":
    made = build(int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(made, out, indent=2, ensure_ascii=False)
    print(len(made["model"]["vocab"]), "pieces", len(made["model"]["merges"]), "merges",
          len(made["added_tokens"]), "added")
