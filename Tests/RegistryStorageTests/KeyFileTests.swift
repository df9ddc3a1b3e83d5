import Foundation
import RegistryStorage
import Testing

@Suite struct KeyFileTests {
    @Test func aKeyIsReadableByItsOwnerAlone() throws {
        let storage = try TemporaryStorage()
        _ = try storage.store()
        let path = storage.layout.adminToken
        try KeyFile.write("a-secret", to: path)
        #expect(KeyFile.read(path) == "a-secret")
        #expect(try permissions(path) == 0o600)
        #expect(try permissions(storage.layout.keys) == 0o700)
        #expect(names(in: storage.layout.keys) == ["admin.token"])
    }

    @Test func aKeyIsReplacedAsAWhole() throws {
        let storage = try TemporaryStorage()
        _ = try storage.store()
        let path = storage.layout.adminToken
        try KeyFile.write("a longer secret", to: path)
        // What a crash left, readable by everybody.
        try Data("torn".utf8).write(to: URL(filePath: path + ".new"))
        try KeyFile.write("short", to: path)
        #expect(KeyFile.read(path) == "short")
        #expect(try permissions(path) == 0o600)
    }

    @Test func aMissingOrEmptyKeyOrASymbolicLinkIsNone() throws {
        let storage = try TemporaryStorage()
        _ = try storage.store()
        let path = storage.layout.adminToken
        #expect(KeyFile.read(path) == nil)
        try Data().write(to: URL(filePath: path))
        #expect(KeyFile.read(path) == nil)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/passwd")
        #expect(KeyFile.read(path) == nil)
    }
}
