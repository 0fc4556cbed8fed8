use std::thread;

pub fn parallel_sum(numbers: &[u64], size: usize) -> u64 {
    let mut workers = Vec::new();
    for part in numbers.chunks(size) {
        let chunk = part.to_vec();
        workers.push(thread::spawn(move || chunk.iter().sum::<u64>()));
    }
    workers.into_iter().map(|w| w.join().expect("worker finished")).sum()
}
