extension MalformedArtifact {
    static let tokenizers = [Group(fixture: "Models/gemma3-trained", artifacts: wholes + vocabularies + parts)]

    private static let file = "tokenizer.json"

    private static func c(
        _ name: String, _ finding: String, outcome: String = "failed", check: Check = .inspection(.tokenizer),
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, check, outcome, finding, damage)
    }

    private static let wholes = [
        c("no tokenizer.json", "tokenizer.json is not among the files of this model", outcome: "warned") {
            try $0.remove(file)
        },
        c(
            "no tokenizer.json to run with", "tokenizer.json is not among the files of this model",
            check: .smokeTest(.tokenizerSize)
        ) { try $0.remove(file) },
        c("tokenizer.json of 0 bytes", "tokenizer.json is not valid JSON at byte 0: ends too early") {
            try $0.write(file, [])
        },
        c("tokenizer.json that is a list", "tokenizer.json: tokenizer expected an object, got array") {
            try $0.write(file, "[1]")
        },
        c("tokenizer.json that is text", "tokenizer.json is not valid JSON at byte 0: expected a value") {
            try $0.write(file, "hello")
        },
        c("tokenizer.json that is a pointer", "tokenizer.json is not valid JSON at byte 0: expected a value") {
            try $0.write(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        },
        c("tokenizer.json cut off", "tokenizer.json is not valid JSON at byte 20000: ends too early") {
            try $0.write(file, Array($0.read(file).prefix(20_000)))
        },
        c(
            "tokenizer.json over 64 MiB",
            "tokenizer.json: size in bytes over the limit, expected at most 67108864, got 67132470"
        ) { folder in
            try folder.write(file, folder.read(file) + [UInt8](repeating: 0x20, count: 64 << 20))
        },
        c("tokenizer.json without a model", "tokenizer.json: model expected to be present, got nothing") {
            try $0.replace(file, "\"model\":", "\"modem\":")
        },
        c("tokenizer.json nested 1,000 deep", "tokenizer.json is not valid JSON at byte 102: nested deeper than 64") {
            try $0.replace(file, "\"truncation\": null", "\"truncation\": " + String(repeating: "[", count: 1000))
        },
    ]

    private static let vocabularies = [
        c("a model that is a list", "tokenizer.json: model expected an object, got array") {
            try $0.replace(file, "\"model\": {", "\"model\": [], \"x\": {")
        },
        c("a model of WordPiece", "tokenizer.json: model.type expected BPE, got \"WordPiece\"") {
            try $0.replace(file, "\"type\": \"BPE\"", "\"type\": \"WordPiece\"")
        },
        c(
            "a model with an unknown setting",
            "tokenizer.json: model expected only the settings of BPE, got the key \"window\""
        ) {
            try $0.replace(file, "\"type\": \"BPE\"", "\"type\": \"BPE\", \"window\": 3")
        },
        c("a vocabulary that is a list", "tokenizer.json: model.vocab expected an object, got array") {
            try $0.replace(file, "\"vocab\": {", "\"vocab\": [], \"x\": {")
        },
        c("no vocabulary", "tokenizer.json: model.vocab expected to be present, got nothing") {
            try $0.write(file, "{\"model\": {\"type\": \"BPE\", \"merges\": []}}")
        },
        c("a negative id", "tokenizer.json: model.vocab expected ids from 0 to 1999999, got -1 for \"<pad>\"") {
            try $0.replace(file, "\"<pad>\": 0", "\"<pad>\": -1")
        },
        c("an id with a fraction", "tokenizer.json: model.vocab expected ids from 0 to 1999999, got 0.5 for \"<pad>\"")
        { try $0.replace(file, "\"<pad>\": 0", "\"<pad>\": 0.5") },
        c("an id that is a text", "tokenizer.json: model.vocab expected ids from 0 to 1999999, got \"0\" for \"<pad>\"")
        { try $0.replace(file, "\"<pad>\": 0", "\"<pad>\": \"0\"") },
        c("an id of 2,000,000", "tokenizer.json: model.vocab expected ids from 0 to 1999999, got 2000000 for \"<pad>\"")
        { try $0.replace(file, "\"<pad>\": 0", "\"<pad>\": 2000000") },
        c("an id beyond the embedding", "tokenizer.json: ids up to 600, expected below the 512 rows of the embedding") {
            try $0.replace(file, "\"<pad>\": 0", "\"<pad>\": 0, \"zzzzz\": 600")
        },
        c("an id twice", "tokenizer.json: model.vocab expected pieces and ids that occur once, got \"<pad>\" = 0 again")
        { try $0.replace(file, "\"<pad>\": 0", "\"<pad>\": 0, \"zzzzz\": 0") },
        c(
            "a piece twice",
            "tokenizer.json: model.vocab expected pieces and ids that occur once, got \"<pad>\" = 600 again"
        ) { try $0.replace(file, "\"<pad>\": 0", "\"<pad>\": 0, \"<pad>\": 600") },
        c("no merges", "tokenizer.json: model.merges expected to be present, got nothing") {
            try $0.write(file, "{\"model\": {\"type\": \"BPE\", \"vocab\": {}}}")
        },
        c("merges that are a number", "tokenizer.json: model.merges expected a list, got number") {
            try $0.replace(file, "\"merges\": [", "\"merges\": 3, \"x\": [")
        },
        c(
            "a merge of an unknown piece",
            "tokenizer.json: model.merges expected pieces of the vocabulary, got \"qqqq\" in merge 0"
        ) {
            try $0.replace(file, "\"merges\": [", "\"merges\": [[\"qqqq\", \"zzzz\"],")
        },
        c(
            "a merge of three pieces",
            "tokenizer.json: model.merges expected two strings each, got another value in merge 0"
        ) {
            try $0.replace(file, "\"merges\": [", "\"merges\": [[\"a\", \"b\", \"c\"],")
        },
        c("a merge that is a number", "tokenizer.json: model.merges expected pairs, got number") {
            try $0.replace(file, "\"merges\": [", "\"merges\": [7,")
        },
        c(
            "an unknown piece that is unknown",
            "tokenizer.json: model.unk_token expected a piece of the vocabulary, got \"<what>\""
        ) {
            try $0.replace(file, "\"unk_token\": \"<unk>\"", "\"unk_token\": \"<what>\"")
        },
        c(
            "byte fallback without bytes",
            "tokenizer.json: model.vocab expected all of <0x00> to <0xFF> for byte_fallback, got 255 of them"
        ) { try $0.replace(file, "\"<0x41>\"", "\"<0xZZ>\"") },
        c("byte fallback that is a number", "tokenizer.json: model.byte_fallback expected true or false, got 1") {
            try $0.replace(file, "\"byte_fallback\": true", "\"byte_fallback\": 1")
        },
        c("dropout", "tokenizer.json: model.dropout expected to be off, got 0.1") {
            try $0.replace(file, "\"dropout\": null", "\"dropout\": 0.1")
        },
    ]

    private static let parts = [
        c(
            "a normalizer that is not known",
            "tokenizer.json: normalizer expected Replace, Prepend or a Sequence of them, got \"Lowercase\""
        ) { folder in
            try folder.replace(file, "\"normalizer\": {", "\"normalizer\": {\"type\": \"Lowercase\"}, \"x\": {")
        },
        c(
            "a normalizer with a pattern",
            "tokenizer.json: normalizer.pattern expected a literal String, got an object of 1 keys"
        ) { folder in
            try folder.replace(
                file, "\"normalizer\": {",
                "\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"Regex\": \"(a+)+$\"}, \"content\": \"\"}, "
                    + "\"x\": {"
            )
        },
        c(
            "a normalizer that lets text explode",
            "tokenizer.json: normalizer expected replacements that make a text at most 16 times as long, got "
                + "1.152921504606847e+18 times"
        ) { folder in
            let step = "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}"
            let steps = [String](repeating: step, count: 60).joined(separator: ",")
            try folder.replace(
                file, "\"normalizer\": {",
                "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [\(steps)]}, \"x\": {")
        },
        c(
            "a pre_tokenizer that is not known",
            "tokenizer.json: pre_tokenizer expected Split or null, got \"ByteLevel\""
        ) { folder in
            try folder.replace(file, "\"pre_tokenizer\": {", "\"pre_tokenizer\": {\"type\": \"ByteLevel\"}, \"x\": {")
        },
        c(
            "a post_processor that is not known",
            "tokenizer.json: post_processor expected TemplateProcessing or null, got \"BertProcessing\""
        ) { folder in
            try folder.replace(
                file, "\"post_processor\": {", "\"post_processor\": {\"type\": \"BertProcessing\"}, \"x\": {")
        },
        c(
            "a post_processor with another id",
            "tokenizer.json: post_processor.special_tokens expected the id of \"<bos>\", got 3, which is \"<unk>\""
        ) { folder in
            let text = String(decoding: try folder.read(file), as: UTF8.self)
            try folder.write(file, text.replacing(#/"ids": \[\s*2\s*\]/#, with: "\"ids\": [3]"))
        },
        c(
            "a decoder that is not known",
            "tokenizer.json: decoder expected Sequence, Replace, ByteFallback, Fuse or Strip, got \"Metaspace\""
        ) { folder in
            try folder.replace(file, "\"decoder\": {", "\"decoder\": {\"type\": \"Metaspace\"}, \"x\": {")
        },
        c("no decoder", "tokenizer.json: decoder expected an object, got null") {
            try $0.replace(file, "\"decoder\": {", "\"decoder\": null, \"x\": {")
        },
        c(
            "an added token with another id",
            "tokenizer.json: added_tokens expected ids and texts that agree with the vocabulary and occur once, got "
                + "\"<end_of_turn>\" = 99"
        ) { folder in
            let text = String(decoding: try folder.read(file), as: UTF8.self)
            try folder.write(file, text.replacing(#/"id": 9,/#, with: "\"id\": 99,", maxReplacements: 1))
        },
        c("an added token that is empty", "tokenizer.json: added_tokens expected text and an id each, got no text") {
            folder in
            try folder.replace(file, "\"content\": \"<pad>\"", "\"content\": \"\"")
        },
        c("an added token without an id", "tokenizer.json: added_tokens expected text and an id each, got no id") {
            folder in
            let text = String(decoding: try folder.read(file), as: UTF8.self)
            try folder.write(file, text.replacing(#/"id": 0,/#, with: "", maxReplacements: 1))
        },
        c("added tokens that are a text", "tokenizer.json: added_tokens expected a list, got string") { folder in
            try folder.replace(file, "\"added_tokens\": [", "\"added_tokens\": \"none\", \"x\": [")
        },
        c(
            "a tokenizer that adds no <bos>", "tokenizer.json: 512 pieces; it adds no <bos>, which every Gemma needs",
            outcome: "warned"
        ) { folder in
            try folder.replace(file, "\"post_processor\": {", "\"post_processor\": null, \"x\": {")
        },
        c(
            "a tokenizer that changes what it reads",
            "\"The old harbour woke before the sun did.\" came back as "
                + "\"The_old_harbour_woke_before_the_sun_did.\", and 10 more like it",
            check: .smokeTest(.tokenizerRoundTrip)
        ) { folder in
            try folder.replace(file, "\"content\": \" \"", "\"content\": \"_\"")
        },
    ]
}
