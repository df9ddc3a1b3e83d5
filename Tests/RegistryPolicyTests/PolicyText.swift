import RegistryCore
import RegistryPolicy

/// A small policy that is right, for tests to spoil one line of.
enum PolicyText {
    static let valid = """
        name: demo
        formats:
          allow: [safetensors, json]
          others: leave-out
        licences:
          allow: [gemma, apache-*]
        authors:
          allow: [google]
        maximum-size: 60 GB
        smoke-test:
          required: true
          unsupported: refuse
          depth: quick
          time-limit: 600
          memory-allowance: 2 GiB
          sandbox: 3
          classes:
            - repositories: ["*/embeddinggemma-*"]
              class: embedding
          probes:
            - repositories: ["google/*"]
              set: some-texts
              bounds: { maximum-mean-nll: 2.25 }
            - repositories: ["*"]
              set: some-texts
          bounds: { \(bounds) }
        retention: { keep: 3, quarantine-days: 30, trash-days: 7, scrub-days: 30 }
        quotas:
          total: 2 TB
          namespaces:
            - { match: google, size: 500 GB }
        approvals: 0
        follow:
          every-hours: 6
          repositories: [google/gemma-3-1b-it]
          bases:
            - base: google/gemma-3-4b-it
              relations: [finetune, quantized]
              licences: [gemma]
              weights: [safetensors]
              maximum-size: 20 GB
              minimum-downloads: 100
              limit: 50
          authors: []

        """

    /// Every bound there is, as code sets them, on one line.
    static let bounds = SmokeTestBounds(maximumMeanNLL: 7).byKey.sorted { $0.key < $1.key }
        .map { "\($0.key): \($0.value)" }.joined(separator: ", ")

    static let probeSet = """
        texts:
          - language: en
            depth: quick
            text: some text
        prompts:
          - language: en
            depth: full
            prompt: a prompt
            expected: [yes, oui]
            maximum-tokens: 16
        chats: []
        similarities:
          - language: de
            depth: quick
            sentence: a
            near: b
            far: c

        """

    static func parse(_ text: String, probeSet: String = probeSet) throws -> Policy {
        try PolicyFile.parse(Array(text.utf8), file: "p.yaml") { name throws(PolicyError) in
            ("\(name).yaml", Array(probeSet.utf8))
        }
    }
}
