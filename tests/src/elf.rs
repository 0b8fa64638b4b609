//! What of a program is loaded where.

use object::elf::{FileHeader32, PT_LOAD, SHT_SYMTAB, STT_FUNC};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{LittleEndian, Result};

/// An ELF file of 32 bits, little-endian.
pub struct Elf<'a> {
    bytes: &'a [u8],
    header: &'a FileHeader32<LittleEndian>,
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
    /// Where it lies in the file.
    offset: u32,
}

impl<'a> Elf<'a> {
    /// Finds the headers.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let header = FileHeader32::parse(bytes)?;
        Ok(Self { bytes, header })
    }

    /// What is loaded; empty pieces are left out.
    pub fn segments(&self) -> Result<impl Iterator<Item = Segment> + use<'a>> {
        let headers = self.header.program_headers(LittleEndian, self.bytes)?;
        let loaded = headers.iter().filter(|header| {
            header.p_type(LittleEndian) == PT_LOAD && header.p_memsz(LittleEndian) > 0
        });
        Ok(loaded.map(|header| Segment {
            virtual_at: header.p_vaddr(LittleEndian),
            load_at: header.p_paddr(LittleEndian),
            in_file: header.p_filesz(LittleEndian),
            in_memory: header.p_memsz(LittleEndian),
            offset: header.p_offset(LittleEndian),
        }))
    }

    /// The `len` bytes that lie at address `at` of flash.
    pub fn at(&self, at: u32, len: usize) -> Option<&'a [u8]> {
        self.segments().ok()?.find_map(|segment| {
            let into = at.checked_sub(segment.load_at)?;
            let inside = into as usize + len <= segment.in_file as usize;
            let from = (segment.offset + into) as usize;
            self.bytes.get(from..from + len).filter(|_| inside)
        })
    }

    /// Bytes of the section of this name; 0 where there is none.
    pub fn section(&self, name: &str) -> Result<u32> {
        let sections = self.header.sections(LittleEndian, self.bytes)?;
        let found = sections.section_by_name(LittleEndian, name.as_bytes());
        Ok(found.map_or(0, |(_, section)| section.sh_size(LittleEndian)))
    }

    /// The name and the bytes of every function.
    pub fn functions(&self) -> Result<impl Iterator<Item = (String, u32)> + use<'a>> {
        let sections = self.header.sections(LittleEndian, self.bytes)?;
        let symbols = sections.symbols(LittleEndian, self.bytes, SHT_SYMTAB)?;
        let strings = symbols.strings();
        let functions = symbols.iter().filter(|symbol| symbol.st_type() == STT_FUNC);
        Ok(functions.map(move |symbol| {
            let name = symbol.name(LittleEndian, strings).unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            (name, symbol.st_size(LittleEndian))
        }))
    }
}
