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
          time-limit: 600
          probes:
            - repositories: ["google/*"]
              text: some text
              maximum-mean-nll: 2.25
              prompt: a prompt
              maximum-tokens: 16
        approvals: 0

        """

    static func parse(_ text: String) throws -> Policy { try PolicyFile.parse(Array(text.utf8), file: "p.yaml") }
}
