package import RegistryCore

/// Who a token of the sample hub belongs to.
package struct Account: Sendable {
    package let name: String
    /// `hf_` and at least 34 letters and digits, or llama.cpp would not send it (hub-protocol section 5).
    package let token: Secret
    /// Gated repositories whose licence this account has accepted.
    package let granted: Set<RepositoryID>

    package init(name: String, token: Secret, granted: Set<RepositoryID> = []) {
        self.name = name
        self.token = token
        self.granted = granted
    }
}
