import ChatTemplates
import Testing

@Suite struct TemplateValueTests {
    @Test func wholeNumbersEqualTheirFractions() { #expect(TemplateValue.integer(2) == .number(2)) }
}
