import RegistryCore
import Testing

@Suite struct SecretTests {
    private struct Holder { let secret: Secret? }
    private enum Trouble: Error { case with(Secret) }

    @Test func aSecretNeverPrintsItself() {
        let text = "hf_abcdefghijklmnop"
        let secret = Secret(text)
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        dump([secret], to: &dumped)
        for print in [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])",
            "\(Holder(secret: secret))", String(reflecting: Holder(secret: secret)), "\(Trouble.with(secret))",
            "\(Mirror(reflecting: secret).children.map { "\($0.value)" })", dumped,
        ] {
            #expect(!print.contains(text))
        }
        #expect("\(secret)" == "(secret)")
        #expect(secret.reveal() == text)
    }
}
