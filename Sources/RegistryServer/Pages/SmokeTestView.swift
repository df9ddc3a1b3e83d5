import RegistryCore

/// What `smoketest.mustache` shows: how a smoke test was made, and what it saw beside its checks.
struct SmokeTestView {
    struct TextView {
        let language: String
        let prompt: String
        let text: String
        let length: String

        /// A page is for reading: of a longer text its beginning, with its length.
        private static let limit = 2000

        init(_ text: SmokeTestRecord.Text) {
            language = text.language
            prompt = Self.beginning(of: text.prompt)
            self.text = text.text.isEmpty ? "(nothing)" : Self.beginning(of: text.text)
            let count = text.text.unicodeScalars.count
            let isCut = count > Self.limit
            length =
                (isCut ? "the first \(Quantity.grouped(Int64(Self.limit))) of " : "")
                + "\(Quantity.grouped(Int64(count))) characters, \(text.tokens) \(text.tokens == 1 ? "token" : "tokens"), "
                + (text.endsItself ? "ended by the model" : "ended by the limit")
        }

        private static func beginning(of text: String) -> String {
            // By scalars: a Character can be as long as the text.
            String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit)))
        }
    }

    let facts: [ModelPage.Fact]
    let rules: [ModelPage.Fact]
    let hasMeasurements: Bool
    let measurementCount: Int
    let measurements: [ModelPage.Fact]
    let hasTexts: Bool
    let texts: [TextView]

    init(_ test: SmokeTestRecord) {
        let identity = test.identity
        let why = test.classReason.isEmpty ? "" : ": \(test.classReason)"
        var facts = [
            ModelPage.Fact(
                name: "Tested as", value: test.modelClass.map { "\($0.rawValue)\(why)" } ?? "not recognised"),
            ModelPage.Fact(name: "Sealed off by", value: test.sandbox.isEmpty ? "not recorded" : test.sandbox),
            ModelPage.Fact(name: "On", value: test.machine.text),
            ModelPage.Fact(
                name: "Took",
                value: "\(Quantity.fixed(test.seconds, 2)) s, at most \(Quantity.bytes(test.peakMemory)) of memory"),
        ]
        if let base = test.base { facts.append(ModelPage.Fact(name: "Beside its base", value: base, isCode: true)) }
        self.facts = facts
        rules =
            [
                ModelPage.Fact(name: "All rules together", value: identity.digest.hex, isCode: true),
                ModelPage.Fact(name: "Tester", value: identity.testerBuild, isCode: true),
                ModelPage.Fact(
                    name: "Probe set", value: "\(identity.probeSet), sha256:\(identity.probes.short)…", isCode: true),
                ModelPage.Fact(name: "Bounds", value: "sha256:\(identity.bounds.short)…", isCode: true),
                ModelPage.Fact(name: "Depth", value: identity.depth.rawValue),
            ] + test.bounds.sorted { $0.key < $1.key }.map { ModelPage.Fact(name: $0.key, value: $0.value.text) }
        measurements = test.measurements.sorted { $0.key < $1.key }
            .map { ModelPage.Fact(name: $0.key, value: $0.value.text) }
        measurementCount = measurements.count
        hasMeasurements = !measurements.isEmpty
        texts = test.texts.map(TextView.init)
        hasTexts = !texts.isEmpty
    }
}
