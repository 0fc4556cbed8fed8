pub enum Entry {
    File(u64),
    Folder(Vec<Entry>),
}

pub fn total_size(root: &Entry) -> u64 {
    let mut total = 0;
    walk(root, |bytes| total += bytes);
    total
}

fn walk<F: FnMut(u64)>(root: &Entry, mut found: F) {
    let mut open = vec![root];
    while let Some(entry) = open.pop() {
        match entry {
            Entry::File(bytes) => found(*bytes),
            Entry::Folder(inside) => open.extend(inside),
        }
    }
}
