import HTTPTypes
import HummingbirdCore
import RegistryCore
import RegistryServer
import Testing

@Suite struct HeaderTests {
    private static func entry(isLFS: Bool) throws -> FileEntry {
        FileEntry(
            path: try RepositoryPath("model.safetensors"), size: 5,
            gitObject: try GitObjectID(String(repeating: "ab", count: 20)), isLFS: isLFS,
            digest: try SHA256Digest(String(repeating: "cd", count: 32)))
    }

    @Test func theTagIsTheDigestOfAnLFSFileAndTheGitIdOfAnother() throws {
        #expect(try EntityTag(Self.entry(isLFS: true)).text == "\"\(String(repeating: "cd", count: 32))\"")
        #expect(try EntityTag(Self.entry(isLFS: false)).text == "\"\(String(repeating: "ab", count: 20))\"")
    }

    @Test func ifNoneMatchComparesWeaklyAndIfRangeStrongly() throws {
        let tag = EntityTag(try Self.entry(isLFS: false))
        let name = tag.text
        for header in [name, "W/\(name)", "*", "\"x\", \(name)", "\"x\",W/\(name) , \"y\"", " \(name)\t"] {
            #expect(tag.isNamed(byIfNoneMatch: header), "\(header)")
        }
        for header in [nil, "", "\"x\"", String(name.dropFirst().dropLast()), "w/\(name)", "\(name)x"] {
            #expect(!tag.isNamed(byIfNoneMatch: header), "\(header ?? "none")")
        }
        #expect(tag.allowsRange(ifRange: nil))
        #expect(tag.allowsRange(ifRange: name))
        for header in ["W/\(name)", "", "*", "\"x\"", "Mon, 23 Nov 2026 20:00:00 GMT", "\(name), \(name)"] {
            #expect(!tag.allowsRange(ifRange: header), "\(header)")
        }
    }

    @Test(arguments: [
        ("plain text", "plain text"), ("a\r\nSet-Cookie: x", "a??Set-Cookie: x"), ("a\u{0}b\u{7F}", "a?b?"),
        ("é", "??"), ("\u{2028}\u{202E}", "??????"), ("tab\there", "tab?here"),
    ])
    func aHeaderHoldsVisibleASCIIOnly(text: String, expected: String) {
        #expect(HeaderText(text).text == expected)
    }

    @Test func aHeaderIsCutAtItsLimit() {
        #expect(HeaderText(String(repeating: "é", count: 5000)).text.utf8.count == 1000)
    }

    @Test func aFileNameCannotLeaveItsQuotes() {
        let header = HeaderText.disposition(fileName: "a\"; filename=\"evil.html\r\nX: é\\.json")
        #expect(header.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(
            header == "attachment; "
                + "filename*=UTF-8''a%22%3B%20filename%3D%22evil.html%0D%0AX%3A%20%C3%A9%5C.json; "
                + "filename=\"a_; filename=_evil.html__X: ___.json\";")
    }

    @Test(arguments: [
        ("a=1&b=2", "b", "2"), ("a=1&a=2", "a", "1"), ("x=a%2Fb+c", "x", "a/b c"), ("x", "x", ""), ("x=", "x", ""),
        ("x=a=b", "x", "a=b"), ("%78=1", "x", "1"),
    ])
    func aQueryIsDecoded(text: String, name: String, value: String) {
        #expect(Query(text)[name] == value)
    }

    @Test func presenceIsNotTruth() {
        for text in ["recursive=true", "recursive=True", "recursive=1"] { #expect(Query(text).flag("recursive")) }
        for text in ["", "recursive", "recursive=false", "recursive=False", "recursive=0", "recursive=%zz"] {
            #expect(!Query(text).flag("recursive"), "\(text)")
        }
        #expect(Query("expand=a&expand[]=b&expand%5B%5D=c").all("expand") == ["a", "b", "c"])
    }

    @Test(arguments: [
        ("<script>", "&lt;script&gt;"), ("\"'&`", "&quot;&#39;&amp;&#96;"),
        ("\"\u{301} onmouseover=x", "&quot;\u{301} onmouseover=x"),
        ("<\u{20DD}b", "&lt;\u{20DD}b"), ("\r\n", "\r\n"), ("é", "é"),
    ])
    func markupIsEscapedByteByByte(text: String, expected: String) {
        #expect(MarkupEscaping().escapeText(text).utf8.elementsEqual(expected.utf8))
    }

    @Test func aRejectedTokenIsToldInTheWordsThatClientsKnow() {
        let response = ErrorResponse(.unauthorized, "InvalidToken", "set another").response
        #expect(response["x-error-message"] == "Invalid credentials in Authorization header")
        #expect(response["x-error-code"] == "InvalidToken")
    }

    @Test func whatHfWouldSwallowAlsoGoesOutAsAWarning() {
        let missing = ErrorResponse.repositoryNotFound("not mirrored here").response
        #expect(missing["x-hf-warning"] == "lapidary; not mirrored here")
        #expect(ErrorResponse.nothingHere.response["x-hf-warning"] == nil)
    }

    @Test func anUnforeseenErrorTellsNothingOfItself() {
        struct Inner: Error, CustomStringConvertible { let description = "/secret/path" }
        let response = ErrorResponse(Inner())
        #expect(response.status == .internalServerError)
        #expect(!response.message.contains("secret"))
    }
}

extension Response {
    /// A header by its lower-case name.
    fileprivate subscript(name: String) -> String? {
        headers.first { $0.name.rawName.lowercased() == name }?.value
    }
}
