use std::sync::Arc;
use std::thread;

fn pages_with(pages: &[String], word: &str) -> Vec<usize> {
    let hits = pages.iter().enumerate().filter(|(_, page)| page.contains(word));
    hits.map(|(number, _)| number + 1).collect()
}

pub fn search(pages: Vec<String>, words: &[&str]) -> Vec<(String, Vec<usize>)> {
    let pages = Arc::new(pages);
    let mut searches = Vec::with_capacity(words.len());
    for word in words {
        let (book, word) = (pages, word.to_string());
        let search = move || {
            let found = pages_with(&book, &word);
            (word, found)
        };
        searches.push(thread::spawn(search));
    }
    searches.into_iter().filter_map(|search| search.join().ok()).collect()
}
