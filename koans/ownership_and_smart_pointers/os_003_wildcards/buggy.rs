pub enum Glob {
    End,
    Letter(char, Glob),
    Star(Box<Glob>),
}

pub fn parse(pattern: &str) -> Glob {
    pattern.chars().rev().fold(Glob::End, |rest, letter| match letter {
        '*' => Glob::Star(Box::new(rest)),
        other => Glob::Letter(other, rest.into()),
    })
}

pub fn fits(glob: &Glob, text: &str) -> bool {
    match glob {
        Glob::End => text.is_empty(),
        Glob::Letter(letter, rest) => match text.strip_prefix(*letter) {
            Some(after) => fits(rest, after),
            None => false,
        },
        Glob::Star(rest) => text.char_indices().any(|(cut, _)| fits(rest, &text[cut..])) || fits(rest, ""),
    }
}
