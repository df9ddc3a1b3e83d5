import Foundation

/// A tokenizer.json of Gemma 3's size and shape, made up from a seed: 262,144 pieces of which 6,400 are `<unused…>`,
/// and 377,200 merges, in 26 MB. Every piece but the single characters is two earlier ones joined.
struct BenchVocabulary {
    private static let tags = [
        "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6",
        "blockquote", "ul", "li", "sub", "sup", "strong", "a", "i", "b", "s", "u", "code",
    ]
    /// What a tokenizer takes as one token wherever it stands, in order of the ids from 0 on: `<start_of_turn>` is 105.
    private let control: [String]
    private let runs: [String]
    private let singles: [String]
    private let late: [String]
    private var words: [String] = []
    private var merges: [(String, String)] = []

    /// - Parameter texts: what is to be as few tokens as with a real vocabulary: every word of them is a piece.
    init(pieces: Int, seed: UInt64, texts: [String]) {
        control =
            ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]"] + (0..<99).map { "<unused\($0)>" }
            + ["<start_of_turn>", "<end_of_turn>"]
        runs =
            (1...30).map { String(repeating: "\n", count: $0) }
            + (2...31).map { String(repeating: "\u{2581}", count: $0) } + Self.tags.flatMap { ["<\($0)>", "</\($0)>"] }
        let ranges: [ClosedRange<UInt32>] = [
            0x21...0x7E, 0xA1...0x17F, 0x391...0x3C9, 0x410...0x44F, 0x621...0x64A, 0x905...0x939, 0x3041...0x3096,
            0x30A1...0x30FA, 0x4E00...0x6500, 0xAC00...0xB200, 0x1F300...0x1F64F,
        ]
        singles = ["\u{2581}", "\t"] + ranges.flatMap { $0.compactMap { Unicode.Scalar($0).map { String($0) } } }
        late = (99..<6400).map { "<unused\($0)>" }
        grow(
            to: pieces - control.count - runs.count - 256 - singles.count - late.count, seed: seed,
            from: texts)
    }

    /// Words grow from shorter words of the same script, as byte-pair encoding learns them.
    private mutating func grow(to count: Int, seed: UInt64, from texts: [String]) {
        // The first pieces are letters and the space; rarer scripts follow.
        var families = [
            ["\u{2581}"] + (97...122).compactMap { Unicode.Scalar($0).map { String($0) } },
            Array(singles.dropFirst(96).prefix(500)), Array(singles.dropFirst(600)),
        ]
        var known = Set(singles), state = seed
        for word in texts.flatMap({ $0.split { !$0.isLetter } }) {
            var grown = "\u{2581}"
            for letter in word.unicodeScalars where grown.utf8.count < 16 {
                let piece = grown + String(letter)
                if known.contains(String(letter)), known.insert(piece).inserted {
                    merges.append((grown, String(letter)))
                    words.append(piece)
                }
                guard known.contains(piece) else { break }
                grown = piece
            }
        }
        func next(_ bound: Int) -> Int {
            state = RandomWeights.mixed(state &+ 1)
            return Int(state % UInt64(max(1, bound)))
        }
        while words.count < count {
            let family = [0, 0, 0, 0, 1, 2][next(6)], count = families[family].count
            let left = families[family][next(count)], right = families[family][next(count)], word = left + right
            guard word.utf8.count <= 16, !word.dropFirst().contains("\u{2581}") else { continue }
            guard known.insert(word).inserted else { continue }
            merges.append((left, right))
            words.append(word)
            families[family].append(word)
        }
        addMerges(of: known, until: 377_200)
    }

    /// Most words are made of known pieces in more than one way: each is a merge of its own.
    private mutating func addMerges(of known: Set<String>, until count: Int) {
        for (index, word) in words.enumerated() where merges.count < count {
            let scalars = Array(word.unicodeScalars), first = merges[index].0.unicodeScalars.count
            for cut in scalars.indices.dropFirst() where cut != first && merges.count < count {
                let left = String(String.UnicodeScalarView(scalars[..<cut]))
                let right = String(String.UnicodeScalarView(scalars[cut...]))
                if known.contains(left), known.contains(right) { merges.append((left, right)) }
            }
        }
    }

    var json: Data {
        var text = #"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["#
        let specials = control.count, added = control + runs
        func entry(_ piece: String, _ id: Int) -> String {
            #"{"id":\#(id),"content":\#(quoted(piece)),"single_word":false,"lstrip":false,"rstrip":false,"#
                + #""normalized":false,"special":\#(id < specials)}"#
        }
        let bytes = (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }
        let pieces = added + bytes + words + singles + late
        text +=
            (added.indices.map { entry(added[$0], $0) }
            + late.indices.map { entry(late[$0], pieces.count - late.count + $0) }).joined(separator: ",")
        text += #"],"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre_tokenizer":"#
        text += #"{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false},"#
        text += #""post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>","type_id":0}},"#
        text += #"{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<bos>":{"id":"<bos>","ids":[2],"#
        text += #""tokens":["<bos>"]}}},"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":"#
        text += #"{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]},"model":{"type":"BPE","#
        text += #""dropout":null,"unk_token":"<unk>","continuing_subword_prefix":null,"end_of_word_suffix":null,"#
        text += #""fuse_unk":true,"byte_fallback":true,"ignore_merges":false,"vocab":{"#
        var data = Data(text.utf8)
        data.append(Data(pieces.enumerated().map { "      \(quoted($1)): \($0)" }.joined(separator: ",\n").utf8))
        data.append(Data("},\"merges\":[".utf8))
        data.append(
            Data(
                merges.map { "      [\n        \(quoted($0.0)),\n        \(quoted($0.1))\n      ]" }.joined(
                    separator: ",\n"
                ).utf8))
        data.append(Data("]}}".utf8))
        return data
    }

    private func quoted(_ piece: String) -> String {
        var text = "\""
        for scalar in piece.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
