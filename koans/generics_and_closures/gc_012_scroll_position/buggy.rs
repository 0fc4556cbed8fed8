#[derive(Clone, Copy)]
pub enum Key {
    PageUp,
    PageDown,
    Home,
}

pub fn press<H>(keys: &[Key], pages: usize, on_page: H)
where
    H: FnMut(usize),
{
    let mut page = 1;
    for key in keys {
        let next = match key {
            Key::PageUp => page - 1,
            Key::PageDown => page + 1,
            Key::Home => 1,
        };
        if next != page && (1..=pages).contains(&next) {
            page = next;
            on_page(page);
        }
    }
}
