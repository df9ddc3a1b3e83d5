/// The texts, prompts and expected answers of a smoke test, in several languages: a file of `Policies/probes`.
package struct ProbeSet: Codable, Equatable, Sendable {
    /// How long a test may take: `quick` probes run always, `full` ones only where the policy or the operator asks.
    package enum Depth: String, Codable, Sendable, CaseIterable, Comparable {
        case quick, full

        package static func < (left: Depth, right: Depth) -> Bool { left == .quick && right == .full }
    }

    /// Text whose mean negative log-likelihood is measured.
    package struct Text: Codable, Equatable, Sendable {
        /// BCP 47, e.g. `en`.
        package var language: String
        package var text: String
        package var depth: Depth

        package init(language: String, text: String, depth: Depth = .quick) {
            self.language = language
            self.text = text
            self.depth = depth
        }
    }

    /// Something to be continued or answered greedily.
    package struct Prompt: Codable, Equatable, Sendable {
        package var language: String
        package var prompt: String
        /// One of them must stand in what the model writes, letter case aside; none where any text will do.
        package var expected: [String]
        /// Tokens to generate at most.
        package var maximumTokens: Int
        package var depth: Depth

        package init(
            language: String, prompt: String, expected: [String] = [], maximumTokens: Int, depth: Depth = .quick
        ) {
            self.language = language
            self.prompt = prompt
            self.expected = expected
            self.maximumTokens = maximumTokens
            self.depth = depth
        }
    }

    /// A sentence that an embedding model must place nearer to `near` than to `far`.
    package struct Similarity: Codable, Equatable, Sendable {
        package var language: String
        package var sentence: String
        package var near: String
        package var far: String
        package var depth: Depth

        package init(language: String, sentence: String, near: String, far: String, depth: Depth = .quick) {
            self.language = language
            self.sentence = sentence
            self.near = near
            self.far = far
            self.depth = depth
        }
    }

    package var name: String
    package var texts: [Text]
    /// For models that continue plain text.
    package var prompts: [Prompt]
    /// The user's turns, for models that answer through their chat template.
    package var chats: [Prompt]
    package var similarities: [Similarity]

    package init(
        name: String, texts: [Text], prompts: [Prompt], chats: [Prompt] = [], similarities: [Similarity] = []
    ) {
        self.name = name
        self.texts = texts
        self.prompts = prompts
        self.chats = chats
        self.similarities = similarities
    }
}
