/// How a smoke test was made, and all that it saw, kept with its verdict.
package struct SmokeTestRecord: Codable, Equatable, Sendable {
    /// Something that the model wrote.
    package struct Text: Codable, Equatable, Sendable {
        package let language: String
        /// As the operator wrote it, not as the template rendered it.
        package let prompt: String
        package let text: String
        package let tokens: Int
        /// Whether an end token of the model ended it, not the limit.
        package let endsItself: Bool

        package init(language: String, prompt: String, text: String, tokens: Int, endsItself: Bool) {
            self.language = language
            self.prompt = prompt
            self.text = text
            self.tokens = tokens
            self.endsItself = endsItself
        }
    }

    package let identity: TestIdentity
    /// The bounds themselves, by name, as the policy had them: a digest alone explains nothing later. Numbers, not
    /// ``SmokeTestBounds``: a later build has other bounds and must still read this.
    package let bounds: [String: MeasuredNumber]
    /// Nil where the test ended before the class was known.
    package let modelClass: ModelClass?
    package let classReason: String
    /// `namespace/name@commit` of the base model that it was compared with or run on.
    package let base: String?
    /// How far the child was sealed off; empty where the test did not say.
    package let sandbox: String
    /// The same as a number that a policy can compare; nil where the test did not say.
    package let sandboxLevel: SandboxLevel?
    package let machine: Machine
    package let seconds: Double
    /// Bytes: the largest resident set of the child, mapped weights included.
    package let peakMemory: Int64
    package let measurements: [String: MeasuredNumber]
    package let texts: [Text]

    package init(
        identity: TestIdentity, bounds: [String: MeasuredNumber], modelClass: ModelClass?, classReason: String,
        base: String?,
        sandbox: String, sandboxLevel: SandboxLevel? = nil, machine: Machine = .current, seconds: Double,
        peakMemory: Int64,
        measurements: [String: MeasuredNumber] = [:], texts: [Text] = []
    ) {
        self.identity = identity
        self.bounds = bounds
        self.modelClass = modelClass
        self.classReason = classReason
        self.base = base
        self.sandbox = sandbox
        self.sandboxLevel = sandboxLevel
        self.machine = machine
        self.seconds = seconds
        self.peakMemory = peakMemory
        self.measurements = measurements
        self.texts = texts
    }
}

/// A measured number. A broken model's may be no number at all, which JSON has no number for either: then it is
/// written as `"nan"`, `"inf"` or `"-inf"`.
package struct MeasuredNumber: Codable, Sendable, Equatable, ExpressibleByFloatLiteral {
    package let value: Double

    package init(_ value: Double) { self.value = value }
    package init(floatLiteral value: Double) { self.value = value }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            value = number
        } else {
            let text = try container.decode(String.self)
            guard ["nan", "inf", "-inf"].contains(text), let number = Double(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a number")
            }
            value = number
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if value.isFinite { try container.encode(value) } else { try container.encode("\(value)") }
    }

    /// NaN is equal to itself here: the same measurement twice is no difference.
    package static func == (left: Self, right: Self) -> Bool {
        left.value == right.value || left.value.isNaN && right.value.isNaN
    }

    /// `3.5912`, `412`, `1.2e-7`: four significant decimals where there are any.
    package var text: String {
        guard value.isFinite else { return "\(value)" }
        if value == value.rounded(), abs(value) < 1e15 { return Quantity.fixed(value, 0) }
        return abs(value) >= 0.001 ? Quantity.fixed(value, 4) : "\(value)"
    }
}
