import RegistryCore

extension FileFetch.Subject {
    /// What the hub itself says of the file must be what its tree said.
    func check(_ head: ResponseHead) throws(UpstreamError) {
        if let got = head["x-repo-commit"], got != commit.hex {
            throw wrong("X-Repo-Commit", expected: commit.hex, got: got)
        }
        if let got = head["x-linked-size"], got != String(file.size) {
            throw wrong("X-Linked-Size", expected: String(file.size), got: got)
        }
        if let got = head["x-linked-etag"], got != file.etag, got != "\"\(file.etag)\"" {
            throw wrong("X-Linked-Etag", expected: "\"\(file.etag)\"", got: got)
        }
    }

    /// Exactly `bytes <first>-<last>/<size>`: any other range would be written to the wrong place.
    func check(_ contentRange: String?, is range: Range<Int64>) throws(UpstreamError) {
        let expected = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
        guard let contentRange, contentRange == expected else {
            throw wrong("Content-Range", expected: expected, got: contentRange ?? "none")
        }
    }

    /// Every Content-Length there is; two that differ are an attack or a broken proxy (reliability C7).
    func check(_ head: ResponseHead, length: Int64) throws(UpstreamError) {
        for field in head.fields where field.name == "content-length" && field.value != String(length) {
            throw wrong("Content-Length", expected: String(length), got: field.value)
        }
    }

    /// Throws where these first bytes are those of something that often comes in a file's place (reliability A14, C8).
    /// Ask only where they cannot be the file's own, or nothing else explains what went wrong.
    func refuse(_ beginning: [UInt8]) throws {
        if beginning.starts(with: "version https://git-lfs".utf8) { throw UpstreamError.lfsPointer(file.path.text) }
        let text = String(decoding: beginning, as: UTF8.self)
        let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.prefix(9).lowercased()
        guard ["<!doctype", "<html", "<head", "<body", "<?xml", "<error"].contains(where: start.hasPrefix) else {
            return
        }
        throw Obstacle(.webPage(file.path.text, beginning: text))
    }

    func wrong(_ what: String, expected: String, got: String) -> UpstreamError {
        .protocolViolation("\(what) of \(file.path)", expected: expected, got: got)
    }
}
