#[cfg(test)]
mod tests {
    use super::*;

    fn greet(chosen: Option<&str>, browser: Option<&str>) -> String {
        let visitor = Visitor { chosen: chosen.map(String::from), browser: browser.map(String::from) };
        visitor.greeting()
    }

    #[test]
    fn the_choice_comes_first() {
        assert_eq!(greet(Some("eu"), Some("en")), "Kaixo!");
        assert_eq!(greet(Some("xx"), Some("is")), "Halló!");
        assert_eq!(greet(None, Some("en")), "Hello!");
    }

    #[test]
    fn nothing_known() {
        assert_eq!(greet(None, None), "Hi!");
        assert_eq!(greet(None, Some("tlh")), "Hi!");
    }
}
