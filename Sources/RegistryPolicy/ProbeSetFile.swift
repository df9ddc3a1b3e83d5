import RegistryCore

/// Reads a probe set (`probes/NAME.yaml` beside the policy) as strictly as the policy.
enum ProbeSetFile {
    /// Entries of each list, and bytes of each text.
    private static let maximumCount = 200
    private static let maximumText = 64 << 10

    static func parse(_ bytes: [UInt8], file: String, name: String) throws(PolicyError) -> ProbeSet {
        var top = try StrictSection(parsing: bytes, file: file, name: "the probe set")
        var set = ProbeSet(name: name, texts: [], prompts: [])
        for entry in try entries("texts", &top) { set.texts.append(try text(entry)) }
        for entry in try entries("prompts", &top) { set.prompts.append(try prompt(entry)) }
        for entry in try entries("chats", &top) { set.chats.append(try prompt(entry)) }
        for entry in try entries("similarities", &top) { set.similarities.append(try similarity(entry)) }
        try top.finish()
        return set
    }

    private static func entries(_ key: String, _ top: inout StrictSection) throws(PolicyError) -> [StrictSection] {
        try top.sections(key, atMost: maximumCount)
    }

    private static func text(_ section: StrictSection) throws(PolicyError) -> ProbeSet.Text {
        var section = section
        let text = ProbeSet.Text(
            language: try section.text("language", atMost: 35), text: try section.text("text", atMost: maximumText),
            depth: try section.choice("depth", of: ProbeSet.Depth.allCases))
        try section.finish()
        return text
    }

    private static func prompt(_ section: StrictSection) throws(PolicyError) -> ProbeSet.Prompt {
        var section = section
        let prompt = ProbeSet.Prompt(
            language: try section.text("language", atMost: 35), prompt: try section.text("prompt", atMost: maximumText),
            expected: try section.texts("expected"), maximumTokens: try section.integer("maximum-tokens", in: 1...4096),
            depth: try section.choice("depth", of: ProbeSet.Depth.allCases))
        try section.finish()
        return prompt
    }

    private static func similarity(_ section: StrictSection) throws(PolicyError) -> ProbeSet.Similarity {
        var section = section
        let similarity = ProbeSet.Similarity(
            language: try section.text("language", atMost: 35),
            sentence: try section.text("sentence", atMost: maximumText),
            near: try section.text("near", atMost: maximumText), far: try section.text("far", atMost: maximumText),
            depth: try section.choice("depth", of: ProbeSet.Depth.allCases))
        try section.finish()
        return similarity
    }
}
