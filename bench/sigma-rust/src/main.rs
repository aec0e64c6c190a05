//! The library sigma-rust as a program: all rules of a folder on the events of a file, one JSON object a line, on one thread. It has no
//! routing by log source, so rules of another product are left out beforehand, which is to its advantage. Writes event and rule of
//! each match, as other programs do.
use sigma_rust::{event_from_json, rule_from_yaml, Rule};
use std::fs;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

fn collect(folder: &Path, product: &str, rules: &mut Vec<Rule>, refused: &mut usize) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(|entry| entry.path());
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, product, rules, refused)?;
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            match rule_from_yaml(&fs::read_to_string(&path)?) {
                Ok(rule) => {
                    if rule.logsource.product.as_deref().is_none_or(|own| own == product) {
                        rules.push(rule);
                    }
                }
                Err(_) => *refused += 1,
            }
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, product, file] = arguments.as_slice() else {
        eprintln!("usage: sigma-rust-peer RULES PRODUCT EVENTS");
        std::process::exit(2);
    };
    let mut rules = Vec::new();
    let mut refused = 0;
    collect(Path::new(folder), product, &mut rules, &mut refused)?;
    eprintln!("{} rules, {} refused", rules.len(), refused);
    let mut out = BufWriter::new(io::stdout().lock());
    for (number, line) in BufReader::new(fs::File::open(file)?).lines().enumerate() {
        let Ok(event) = event_from_json(&line?) else { continue };
        for rule in &rules {
            if rule.is_match(&event) {
                writeln!(out, "{} {}", number + 1, rule.id.as_deref().unwrap_or(&rule.title))?;
            }
        }
    }
    Ok(())
}
