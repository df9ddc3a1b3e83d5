"""Random texts that a tokenizer meets rarely: any Unicode scalar, controls, emoji sequences, long runs, added tokens cut
short, byte pieces spelled out. Seeded: the same seed gives the same texts."""
import random

EMOJI = ["👩‍👩‍👧", "🏳️‍🌈", "👍🏽", "🇩🇪", "❤️", "1️⃣", "🧑🏿‍🚀", "🙂", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]
MARKS = ["\u0301", "\u0308", "\u200d", "\ufe0f", "\u200b", "\u00ad", "\u202e", "\u2028", "\ufeff", "\u0000", "\u007f",
         "\u0085", "\u3000", "\u00a0", "\r", "\r\n", "\v", "\f", "\t", "\n", " ", "▁", "\u2003"]
SPELLED = ["<0x0A>", "<0x41>", "<0xZZ>", "<0x+F>", "<unk>", "<bos>", "<eos>", "<pad>", "<mask>", "<start_of_turn>", "<",
           "<start_of", "end_of_turn>", "<unused5>", "<unused", "[multimodal]", "<|turn>", "<turn|>", "<|image", "<|image|>",
           "</h1>", "<h1>", "<<h1>>"]
RUNS = [" ", "\n", "▁", "a", "ab", "\t", "é", "😀", "0", "-", "=", " \n", "▁ ", "\u0301", "x ", "<bos>", "\u0007"]
WORDS = ("The old harbour woke before the sun did and the boats went out past the light while nets dried on the wall "
         "Ünïcödé straße Đorđe привет мир שלום مرحبا नमस्ते สวัสดี 日本語 中文 한국어 1,250,000 3.14159 it's don't e.g. "
         "def return if x == y: {} [] () /* */ // # $HOME C:\\temp https://a.b/c?d=e&f=g a@b.org").split(" ")
BLOCKS = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0x600, 0x700), (0x900, 0xE80), (0x1100, 0x1200),
          (0x2000, 0x2C00), (0x3000, 0x3400), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0xE000, 0xF900), (0xFB00, 0x10000),
          (0x1D400, 0x1D800), (0x1F000, 0x1FB00), (0xE0000, 0xE0080), (0x10FFF0, 0x110000), (0, 0x20), (0x80, 0xA0)]


def scalar(draw):
    while True:
        value = draw.randrange(*draw.choice(BLOCKS)) if draw.random() < 0.7 else draw.randrange(0x110000)
        if not 0xD800 <= value < 0xE000: return chr(value)


def part(draw, pieces):
    kind = draw.randrange(9)
    if kind == 0: return "".join(scalar(draw) for _ in range(draw.randrange(1, 12)))
    if kind == 1: return "".join(chr(draw.randrange(0x20, 0x7F)) for _ in range(draw.randrange(1, 24)))
    if kind == 2: return " ".join(draw.choice(WORDS) for _ in range(draw.randrange(1, 10)))
    if kind == 3: return "".join(draw.choice(EMOJI) for _ in range(draw.randrange(1, 5)))
    if kind == 4: return "".join(draw.choice(MARKS) for _ in range(draw.randrange(1, 8)))
    if kind == 5: return draw.choice(SPELLED) + draw.choice(["", " ", "\n", ">", "x"])
    if kind == 6: return draw.choice(RUNS) * draw.choice([1, 2, 3, 4, 5, 7, 16, 31, 32, 33, draw.randrange(1, 120)])
    if kind == 7: return "".join(draw.choice(pieces) for _ in range(draw.randrange(1, 8)))
    piece = draw.choice(pieces)
    return piece[:draw.randrange(len(piece) + 1)] + " " * draw.randrange(3)


def random_texts(seed, count, pieces):
    """`pieces` are texts of the tokenizer's vocabulary in a fixed order."""
    draw = random.Random(seed)
    return ["".join(part(draw, pieces) for _ in range(draw.choice([0, 1, 1, 2, 3, 5, 8]))) for _ in range(count)]


def random_ids(seed, count, size):
    draw = random.Random(seed)
    return [[draw.randrange(size + size // 50 + 2) if draw.random() < 0.8 else draw.randrange(min(size, 300))
             for _ in range(draw.randrange(0, 24))] for _ in range(count)]
