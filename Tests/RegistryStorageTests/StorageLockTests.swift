import Foundation
import RegistryStorage
import Testing

@Suite struct StorageLockTests {
    @Test func aSecondOwnerIsToldWhoTheFirstIs() throws {
        let storage = try TemporaryStorage()
        let lock = try StorageLock(storage.layout)
        let error = try #require(#expect(throws: StorageError.self) { try StorageLock(storage.layout) })
        guard case .locked(storage.layout.root, let owner) = error else {
            Issue.record("unexpected error: \(error)")
            return
        }
        #expect(owner == "process \(getpid())")
        #expect(error.description.contains("LAPIDARY_STORAGE"))
        withExtendedLifetime(lock) {}
    }

    @Test func theLockIsFreeWhenItsOwnerGoes() throws {
        let storage = try TemporaryStorage()
        do {
            let lock = try StorageLock(storage.layout)
            withExtendedLifetime(lock) {}
        }
        let lock = try StorageLock(storage.layout)
        withExtendedLifetime(lock) {}
    }

    @Test func theLockIsFreeWhenItsOwnerIsKilled() throws {
        let storage = try TemporaryStorage()
        try FileManager.default.createDirectory(atPath: storage.layout.root, withIntermediateDirectories: true)
        let owner = try HelperProcess(
            "/bin/sh", "-c",
            #"exec 9>"$0"; flock -n 9 && echo "{\"pid\":$$,\"server\":\"http://127.0.0.1:1\"}" >&9; echo ready; exec cat"#,
            storage.layout.lock)
        let error = #expect(throws: StorageError.self) { try StorageLock(storage.layout) }
        #expect(error?.description.contains("process \(owner.pid)") == true)
        #expect(StorageLock.owner(storage.layout)?.server == "http://127.0.0.1:1")
        owner.kill()
        let lock = try StorageLock(storage.layout)
        #expect(StorageLock.owner(storage.layout)?.pid == getpid())
        #expect(StorageLock.owner(storage.layout)?.server == nil)
        withExtendedLifetime(lock) {}
    }

    @Test func theOwnerSaysWhereItServes() throws {
        let storage = try TemporaryStorage()
        let lock = try StorageLock(storage.layout)
        try lock.announce(server: "http://a-rather-long-name.example:8080")
        try lock.announce(server: "http://short:1")
        #expect(StorageLock.owner(storage.layout)?.server == "http://short:1")
        #expect(StorageLock.owner(storage.layout)?.pid == getpid())
        try lock.announce(server: nil)
        #expect(StorageLock.owner(storage.layout)?.server == nil)
    }

    @Test func aFolderThatCannotBeMadeIsNamed() throws {
        let storage = try TemporaryStorage()
        let file = "\(storage.folder)/file"
        try Data().write(to: URL(filePath: file))
        let error = #expect(throws: StorageError.self) { try StorageLock(StorageLayout(root: "\(file)/below")) }
        #expect(error?.description.contains(file) == true)
        #expect(error?.description.contains("Not a directory") == true)
    }
}
