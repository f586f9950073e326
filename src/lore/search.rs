//! Finds what a question is about by its words.

/// Something that can be found.
#[derive(Clone, Copy, Debug)]
pub struct Topic<'a> {
    /// Its name.
    pub name: &'a str,
    /// Messages, codes and short names that it is asked by besides.
    pub asked: &'a str,
    /// What it is about, in one sentence.
    pub summary: &'a str,
    /// All that is told of it.
    pub text: &'a str,
    /// How much rather than others it answers a question: 1.0 is as much.
    pub weight: f64,
}

/// Words that questions are made of and that tell nothing.
const EMPTY: &[&str] = &[
    "a", "about", "after", "already", "am", "an", "and", "any", "are", "at", "be", "by", "can", "do", "does",
    "for", "from", "get", "gets", "getting", "had", "has", "have", "how", "i", "if", "in", "is", "it", "its",
    "make", "many", "me", "much", "my", "net", "not", "of", "off", "on", "one", "or", "our", "rid", "set",
    "should", "so", "some", "that", "the", "there", "this", "to", "too", "up", "use", "using", "was", "we",
    "what", "when", "where", "which", "who", "why", "will", "with", "work", "you", "your",
];

/// A word in the name, among those that it is asked by, in the summary, anywhere else.
const WEIGHTS: [f64; 4] = [12.0, 12.0, 4.0, 1.0];

/// Two words side by side.
const SIDE_BY_SIDE: f64 = 3.0;

/// The same, as messages have them that it is asked by.
const ASKED_SIDE_BY_SIDE: f64 = 12.0;

/// No question has more words that tell something.
const MOST_WORDS: usize = 32;

/// The topics that the question's words lead to, best first, at most this many.
#[must_use]
pub fn search<'a>(question: &str, topics: &[Topic<'a>], most: usize) -> Vec<Topic<'a>> {
    let read: Vec<[Vec<String>; 4]> = topics.iter().map(parts).collect();
    let asked: Vec<String> = words(question).take(MOST_WORDS).collect();
    let telling = |word: &&String| !EMPTY.contains(&word.as_str());
    let mut scores = vec![0.0; topics.len()];
    let mut add = |weight: &dyn Fn(&[Vec<String>; 4]) -> f64| {
        let weights: Vec<f64> = read.iter().map(weight).collect();
        let found = weights.iter().filter(|weight| **weight > 0.0).count();
        // What is everywhere tells little.
        #[expect(clippy::cast_precision_loss, reason = "there are some hundred topics")]
        let rarity = ((topics.len() + 1) as f64 / (found + 1) as f64).ln();
        for (score, weight) in scores.iter_mut().zip(weights) {
            *score += weight * rarity;
        }
    };
    for word in asked.iter().filter(telling) {
        add(&|topic| {
            let found = |part: &[String]| part.iter().any(|other| alike(word, other));
            WEIGHTS.iter().zip(topic).map(|(weight, part)| if found(part) { *weight } else { 0.0 }).sum()
        });
    }
    // Words that stand side by side there as well, as those of an error message do.
    for pair in asked.windows(2).filter(|pair| pair.iter().any(|word| telling(&word))) {
        add(&|topic| {
            let stand = |part: &[String]| {
                part.windows(2).any(|other| alike(&pair[0], &other[0]) && alike(&pair[1], &other[1]))
            };
            let weights = [(&topic[1], ASKED_SIDE_BY_SIDE), (&topic[3], SIDE_BY_SIDE)];
            weights.iter().map(|(part, weight)| if stand(part) { *weight } else { 0.0 }).sum()
        });
    }
    for (score, topic) in scores.iter_mut().zip(topics) {
        *score *= topic.weight;
    }
    let best = scores.iter().copied().fold(0.0, f64::max);
    let mut found: Vec<(f64, Topic<'a>)> =
        scores.into_iter().zip(topics.iter().copied()).filter(|(score, _)| *score > best / 4.0).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, topic)| topic).take(most).collect()
}

/// Whether some topics, and not just any, know this name as it stands, as a word of theirs or a part of a name: then it
/// is a question and no slip of the finger.
#[must_use]
pub fn knows(name: &str, topics: &[Topic<'_>]) -> bool {
    // The whole comes behind its parts.
    let Some(whole) = words(name).last() else { return false };
    let joined = |name: &str| format!("-{}-", name.to_lowercase().replace(['.', '_'], "-"));
    let knows = |topic: &&Topic<'_>| {
        joined(topic.name).contains(&joined(&whole))
            || parts(topic).iter().flatten().any(|word| *word == whole)
    };
    (1..topics.len() / 3).contains(&topics.iter().filter(knows).count())
}

fn parts(topic: &Topic<'_>) -> [Vec<String>; 4] {
    [topic.name, topic.asked, topic.summary, topic.text].map(|text| words(text).collect())
}

/// The names that a misspelt one may have meant, best first, at most three.
#[must_use]
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    if name.len() > 64 {
        return Vec::new();
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let name = plain(name);
    let scored = names.map(|other| (strsim::jaro_winkler(&name, &plain(other)), other));
    let mut scored: Vec<(f64, &str)> = scored.filter(|(score, _)| *score > 0.85).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// Lower-case words; `TIME_WAIT` and `time-wait` are one and the same, and so are the parts of each.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let joined = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.split(move |c: char| !joined(c)).flat_map(|word| {
        let word = word.to_lowercase().replace('_', "-");
        let parts: Vec<String> = word.split('-').map(str::to_owned).collect();
        let whole = (parts.len() > 1).then_some(word);
        parts.into_iter().chain(whole).filter(|word| word.contains(char::is_alphanumeric))
    })
}

/// Whether two words are the same but for an ending: port and ports, close and closed.
fn alike(a: &str, b: &str) -> bool {
    let stem = |word: &'_ str| -> String {
        let stripped = ["ing", "ed", "es", "s", "e"].iter().find_map(|ending| word.strip_suffix(ending));
        stripped.filter(|stem| stem.len() >= 3).unwrap_or(word).into()
    };
    a == b || (a.len() > 3 && b.len() > 3 && stem(a) == stem(b))
}
