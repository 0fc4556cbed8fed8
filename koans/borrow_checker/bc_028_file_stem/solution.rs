pub fn extension(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(_, ending)| ending)
}

pub fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = name.find('.').unwrap_or(name.len());
    &name[..end]
}
