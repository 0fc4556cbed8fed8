pub type Step = fn(String) -> String;

/// The output of `first` becomes the input of `second`.
pub fn compose(first: Step, second: Step) -> impl Fn(String) -> String {
    |input| second(first(input))
}

/// Trims a greeting and makes it loud.
pub fn shout(text: &str) -> String {
    let loud = compose(|t| t.trim().to_string(), |t| t.to_uppercase());
    loud(text.to_string()) + "!"
}
