import Foundation

/// What a look at a place came to, as a line between two processes.
package struct Verdict: Codable, Sendable, Equatable {
    /// Where everything was in order: what it came to.
    package var state: String?
    /// Where it was not.
    package var finding: String?

    package init(state: String? = nil, finding: String? = nil) {
        self.state = state
        self.finding = finding
    }
}
