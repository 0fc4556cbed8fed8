#[cfg(test)]
mod tests {
    use super::*;

    fn robot() -> Robot {
        Robot { code: "es".to_string(), hello: "Hola".to_string() }
    }

    #[test]
    fn greets() {
        assert_eq!(robot().greet("Eva"), "Hola, Eva!");
    }

    #[test]
    fn introduces_with_language() {
        assert_eq!(robot().introduce("Luz"), "[es] Hola, Luz!");
    }
}
