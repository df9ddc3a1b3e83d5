#!/usr/bin/env python3
"""Remakes sample/, hub.json and golden.json from ../Models, ../GGUF, triage.txt and corpus.txt.

usage: make_hub.py        (needs torch, transformers, safetensors; about a minute on one core)
The model cards (README.md in each repository) are written by hand and kept. See README.md beside this file.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import safetensors
import safetensors.torch
import torch
import transformers
from transformers import AutoModelForCausalLM

import measure
import triage

HUB = pathlib.Path(__file__).parent
BASE = HUB.parent / "Models" / "gemma3-trained"
GEMMA4 = HUB.parent / "Models" / "gemma4-trained"
GGUF = HUB.parent / "GGUF"
SAMPLE = HUB / "sample"
SETTINGS = ["config.json", "generation_config.json", "special_tokens_map.json",
            "tokenizer.json", "tokenizer.model", "tokenizer_config.json"]
WEIGHTS = "model.safetensors"
WRITTEN_BY_HAND = {"README.md"}
LARGEST_FILE, LARGEST_HUB = 1 << 20, 6 << 20

SHARD_SIZE = "170KB"  # gives three
SWAPPED_LAYERS = (1, 4)  # both with sliding attention, so every name, shape and layer type still fits
NAN_TENSOR, NAN_ELEMENT = "model.layers.3.mlp.up_proj.weight", 1234
BF16_NAN = bytes.fromhex("c07f")  # 0x7fc0, little endian
# Lowest mantissa bits in one tensor: no value moves by more than 1/128 of itself, so only the hash can tell.
CORRUPT_TENSOR, CORRUPT_ELEMENTS = "model.layers.2.mlp.gate_proj.weight", range(100, 116)

# What Hugging Face writes into a new repository, as far as it matters here, and the line that Gemma repositories add.
GIT_ATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in (
    "*.bin", "*.ckpt", "*.gguf", "*.h5", "*.model", "*.msgpack", "*.npy", "*.npz", "*.onnx", "*.pickle", "*.pkl",
    "*.pt", "*.pth", "*.safetensors", "*.tar.*", "*.zip", "tokenizer.json"))


def new_repository(name, base=BASE, settings=SETTINGS):
    """The repository's folder with .gitattributes and the base's settings; its card stays, everything else goes."""
    folder = SAMPLE / name
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.name not in WRITTEN_BY_HAND:
            entry.unlink()
    (folder / ".gitattributes").write_text(GIT_ATTRIBUTES)
    for file in settings:
        shutil.copyfile(base / file, folder / file)
    return folder


def load_base(dtype=torch.bfloat16):
    return AutoModelForCausalLM.from_pretrained(BASE, dtype=dtype, attn_implementation="eager").eval()


def save_weights(model, folder, **options):
    """save_pretrained, but only the weights and their index: the settings stay as the base repository wrote them."""
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch, **options)
        for file in sorted(pathlib.Path(scratch).glob("*.safetensors*")):
            shutil.copyfile(file, folder / file.name)


def element_offset(data, tensor, element):
    """Where one BF16 element of a tensor lies in the bytes of a safetensors file."""
    header_length = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8:8 + header_length])[tensor]
    assert entry["dtype"] == "BF16"
    begin, end = entry["data_offsets"]
    assert begin + 2 * element < end
    return 8 + header_length + begin + 2 * element


def make_it():
    folder = new_repository("gemma-3-tiny-it")
    shutil.copyfile(BASE / WEIGHTS, folder / WEIGHTS)


def make_triage():
    folder = new_repository("gemma-3-tiny-triage")
    model, tokenizer = measure.load(BASE)
    triage.fine_tune(model, tokenizer)
    save_weights(model.to(torch.bfloat16), folder)


def make_sharded():
    folder = new_repository("gemma-3-tiny-sharded")
    save_weights(load_base(), folder, max_shard_size=SHARD_SIZE)


def make_nan():
    data = bytearray((BASE / WEIGHTS).read_bytes())
    at = element_offset(data, NAN_TENSOR, NAN_ELEMENT)
    data[at:at + 2] = BF16_NAN
    (new_repository("gemma-3-tiny-nan") / WEIGHTS).write_bytes(data)


def make_swapped():
    folder = new_repository("gemma-3-tiny-swapped")
    with safetensors.safe_open(BASE / WEIGHTS, "pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()
    first, second = (f"model.layers.{layer}." for layer in SWAPPED_LAYERS)
    for name in [name for name in tensors if name.startswith(first)]:
        other = second + name.removeprefix(first)
        tensors[name], tensors[other] = tensors[other], tensors[name]
    safetensors.torch.save_file(tensors, folder / WEIGHTS, metadata)


def make_torch():
    folder = new_repository("gemma-3-tiny-torch")
    torch.save(load_base().state_dict(), folder / "pytorch_model.bin")


def make_gguf():
    folder = new_repository("gemma-3-tiny-gguf", settings=[])
    for kind in ("q8_0", "q4_0"):
        shutil.copyfile(GGUF / f"gemma3-trained-{kind}.gguf", folder / f"gemma-3-tiny-it-{kind.upper()}.gguf")


def make_gemma4():
    settings = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
    folder = new_repository("gemma-4-tiny", base=GEMMA4, settings=settings)
    shutil.copyfile(GEMMA4 / WEIGHTS, folder / WEIGHTS)


def make_corrupt():
    data = bytearray((BASE / WEIGHTS).read_bytes())
    for element in CORRUPT_ELEMENTS:
        data[element_offset(data, CORRUPT_TENSOR, element)] ^= 1
    (new_repository("gemma-3-tiny-corrupt") / WEIGHTS).write_bytes(data)


def hub():
    """What a folder cannot say about a repository. The figures are invented and fixed."""
    def entry(downloads, likes, created, last_modified, **more):
        return {**more, "downloads": downloads, "likes": likes, "created": created, "lastModified": last_modified}

    intact = hashlib.sha256((BASE / WEIGHTS).read_bytes()).hexdigest()
    return {
        "sample/gemma-3-tiny-it": entry(51200, 420, "2026-03-02T09:00:00.000Z", "2026-04-14T08:30:00.000Z"),
        "sample/gemma-3-tiny-triage": entry(1830, 37, "2026-05-11T13:20:00.000Z", "2026-06-01T07:45:00.000Z"),
        "sample/gemma-3-tiny-sharded": entry(960, 12, "2026-04-20T16:05:00.000Z", "2026-04-20T16:40:00.000Z"),
        "sample/gemma-3-tiny-nan": entry(14, 0, "2026-06-03T10:00:00.000Z", "2026-06-03T10:02:00.000Z"),
        "sample/gemma-3-tiny-swapped": entry(220, 5, "2026-06-09T18:30:00.000Z", "2026-06-10T06:15:00.000Z"),
        "sample/gemma-3-tiny-torch": entry(75, 1, "2026-03-05T12:00:00.000Z", "2026-03-05T12:10:00.000Z"),
        "sample/gemma-3-tiny-corrupt": entry(8, 0, "2026-06-15T21:00:00.000Z", "2026-06-15T21:01:00.000Z",
                                             announced={WEIGHTS: {"sha256": intact}}),
        "sample/gemma-3-tiny-gguf": entry(8700, 64, "2026-04-15T07:00:00.000Z", "2026-04-15T07:20:00.000Z"),
        "sample/gemma-4-tiny": entry(12400, 151, "2026-06-20T12:00:00.000Z", "2026-06-22T09:45:00.000Z"),
    }


def golden():
    runnable = ["gemma-3-tiny-it", "gemma-3-tiny-triage", "gemma-3-tiny-sharded", "gemma-3-tiny-swapped",
                "gemma-4-tiny"]
    gold = {f"sample/{name}": measure.gold(SAMPLE / name, has_triage=name.endswith("triage")) for name in runnable}
    _, tokenizer = measure.load(SAMPLE / "gemma-3-tiny-it")
    return {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "arithmetic": "float32, eager attention, no cache",
        "probe": {"text": measure.PROBE, "tokens": tokenizer(measure.PROBE)["input_ids"]},
        "repositories": gold,
    }


def check(gold):
    """What the fixtures promise, read back from the files just written."""
    original = safetensors.torch.load_file(BASE / WEIGHTS)
    shards = sorted((SAMPLE / "gemma-3-tiny-sharded").glob("*.safetensors"))
    joined = {name: tensor for shard in shards for name, tensor in safetensors.torch.load_file(shard).items()}
    assert len(shards) == 3 and joined.keys() == original.keys()
    assert all(torch.equal(joined[name], original[name]) for name in original)

    broken = safetensors.torch.load_file(SAMPLE / "gemma-3-tiny-nan" / WEIGHTS)
    assert {name: int(broken[name].isnan().sum()) for name in broken if broken[name].isnan().any()} == {NAN_TENSOR: 1}
    assert measure.logits(measure.load(SAMPLE / "gemma-3-tiny-nan")[0], gold["probe"]["tokens"])[-1].isnan().any()

    tied = {"lm_head.weight": original["model.embed_tokens.weight"]}
    pickled = torch.load(SAMPLE / "gemma-3-tiny-torch" / "pytorch_model.bin", weights_only=True)
    assert pickled.keys() == (original | tied).keys()
    assert all(torch.equal(pickled[name], tensor) for name, tensor in (original | tied).items())

    sizes = {path: path.stat().st_size for path in HUB.rglob("*") if path.is_file()}
    assert max(sizes.values()) < LARGEST_FILE and sum(sizes.values()) < LARGEST_HUB
    for folder in SAMPLE.iterdir():
        assert (folder / "README.md").is_file(), f"{folder.name} has no model card"


def write_json(path, value):
    """Indented, but a list of numbers stays on one line."""
    text = json.dumps(value, indent=1)
    text = re.sub(r"\[[-+.\deE,\s]+\]", lambda numbers: " ".join(numbers[0].split()), text)
    path.write_text(text + "\n", encoding="utf-8")


def main():
    torch.set_num_threads(1)  # one thread adds in one order, so the fine-tune comes out the same
    transformers.utils.logging.disable_progress_bar()
    for make in (make_it, make_triage, make_sharded, make_nan, make_swapped, make_torch, make_corrupt,
                 make_gguf, make_gemma4):
        make()
    write_json(HUB / "hub.json", hub())
    gold = golden()
    write_json(HUB / "golden.json", gold)
    check(gold)
    for name, numbers in gold["repositories"].items():
        print(f"{name}  mean NLL of the probe {numbers['probeMeanNLL']:.4f}",
              *(f"{key} {numbers[key]['right']}/{numbers[key]['of']}" for key in ("trainedNotes", "heldOutNotes")
                if key in numbers), sep="  ")


if __name__ == "__main__":
    main()
