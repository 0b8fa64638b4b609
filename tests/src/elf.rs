//! As much of an ELF file of 32 bits, little-endian, as says what is loaded where (System V ABI, chapter 5).

/// The file.
pub struct Elf<'a> {
    bytes: &'a [u8],
    headers: Vec<&'a [u8]>,
}

/// One piece that is loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Where the program sees it.
    pub virtual_at: u32,
    /// Where it lies in flash.
    pub load_at: u32,
    /// Bytes in the file, and so in flash.
    pub in_file: u32,
    /// Bytes that the program sees.
    pub in_memory: u32,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

impl<'a> Elf<'a> {
    /// Finds the program headers.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        bytes.strip_prefix(b"\x7FELF\x01\x01")?;
        let (start, size, count) = (
            word(bytes, 28)? as usize,
            half(bytes, 42)?,
            half(bytes, 44)?,
        );
        let headers = (0..count)
            .map(|i| bytes.get(start + i * size..)?.get(..size.max(32)))
            .collect::<Option<_>>()?;
        Some(Self { bytes, headers })
    }

    /// What is loaded; empty pieces are left out.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        self.loaded().map(|(_, segment)| segment)
    }

    /// The `len` bytes that lie at address `at` of flash.
    pub fn at(&self, at: u32, len: usize) -> Option<&'a [u8]> {
        self.loaded().find_map(|(offset, segment)| {
            let into = at.checked_sub(segment.load_at)?;
            let inside = into as usize + len <= segment.in_file as usize;
            let from = offset + into as usize;
            self.bytes.get(from..from + len).filter(|_| inside)
        })
    }

    /// The name and the bytes of every function.
    pub fn functions(&self) -> impl Iterator<Item = (String, u32)> {
        const SYMBOLS: u32 = 2;
        let section = |index: usize| {
            let start = word(self.bytes, 32)? as usize;
            let size = half(self.bytes, 46)?;
            self.bytes.get(start + index * size..)
        };
        let table = (0..half(self.bytes, 48).unwrap_or(0))
            .filter_map(section)
            .find(|header| word(header, 4) == Some(SYMBOLS));
        let parts = table.and_then(|header| {
            let symbols = self.bytes.get(word(header, 16)? as usize..)?;
            let names = section(word(header, 24)? as usize)?;
            let names = self.bytes.get(word(names, 16)? as usize..)?;
            Some((symbols.get(..word(header, 20)? as usize)?, names))
        });
        let (symbols, names) = parts.unwrap_or_default();
        symbols.chunks_exact(16).filter_map(move |symbol| {
            const FUNCTION: u8 = 2;
            let name = names.get(word(symbol, 0)? as usize..)?;
            let name = name.split(|&byte| byte == 0).next()?;
            let name = String::from_utf8_lossy(name).into_owned();
            (symbol.get(12)? & 15 == FUNCTION).then_some((name, word(symbol, 8)?))
        })
    }

    /// Each loaded piece with its place in the file.
    fn loaded(&self) -> impl Iterator<Item = (usize, Segment)> {
        const LOAD: u32 = 1;
        self.headers.iter().filter_map(|header| {
            let segment = Segment {
                virtual_at: word(header, 8)?,
                load_at: word(header, 12)?,
                in_file: word(header, 16)?,
                in_memory: word(header, 20)?,
            };
            let loaded = word(header, 0)? == LOAD && segment.in_memory > 0;
            Some((word(header, 4)? as usize, segment)).filter(|_| loaded)
        })
    }
}
