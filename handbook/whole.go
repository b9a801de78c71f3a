package handbook

import (
	"maps"
	"slices"
)

// complete checks what concerns more than one file. It runs only on files that could be read.
func (l *loader) complete() {
	b := l.book
	if len(l.log.problems) > 0 {
		return
	}
	for _, id := range b.SectionIDs() {
		if _, ok := b.Section(b.Source, id); !ok {
			l.log.add(b.Source+"/"+id+".md", 0, "%[2]s names this section, but %[1]s is not in the source's language", id, bookFile)
		}
	}
	for _, tag := range b.Languages {
		_, begun := b.sections[tag]
		if _, ok := b.Titles(tag); begun && !ok {
			l.log.add(tag+"/"+bookFile, 0, "the file is missing: it has the titles in this language")
		}
	}
	for _, id := range b.SectionIDs() {
		b.anchors[id] = id
	}
	for _, id := range b.SectionIDs() {
		for _, tag := range b.Languages {
			s, ok := b.Section(tag, id)
			if !ok {
				continue
			}
			l.checkImages(s)
			if s.Original() {
				l.checkOriginal(s)
				continue
			}
			l.checkTranslation(s)
		}
	}
	l.checkGlossaries()
}

func (l *loader) checkImages(s *Section) {
	for _, block := range s.Blocks {
		for _, path := range block.Images {
			if !l.book.images[path] {
				l.log.add(s.File, block.Line, "the image %q is not in the edition", path)
			}
		}
	}
}

// checkOriginal sees to it that an anchor leads to one place, and that what is cited is listed.
func (l *loader) checkOriginal(s *Section) {
	var keys []string
	for _, c := range s.Citations {
		keys = append(keys, c.Key)
	}
	for _, block := range s.Blocks {
		if other, taken := l.book.anchors[block.Anchor]; taken {
			l.log.add(s.File, block.Line, "the anchor %q leads to section %q already", block.Anchor, other)
		}
		l.book.anchors[block.Anchor] = s.ID
		for _, key := range block.Cites {
			if !slices.Contains(keys, key) {
				l.log.add(s.File, block.Line, unknownCitation, key, didYouMean(key, keys))
			}
		}
	}
}

// checkTranslation sees to it that a translation is what its front matter says: of these blocks, and,
// where it claims to be of the source as it is now, of those of the source.
func (l *loader) checkTranslation(s *Section) {
	for _, block := range s.Blocks {
		if _, ok := s.SourceBlocks[block.Anchor]; !ok {
			l.log.add(s.File, block.Line, "the anchor %q is not in source_blocks", block.Anchor)
		}
	}
	for _, anchor := range slices.Sorted(maps.Keys(s.SourceBlocks)) {
		if _, ok := s.Block(anchor); !ok {
			l.log.add(s.File, 1, "source_blocks has %q, but the text has no heading with that anchor", anchor)
		}
	}
	source, _ := l.book.Section(l.book.Source, s.ID)
	if source == nil || s.SourceHash != source.Hash {
		return
	}
	for i, block := range source.Blocks {
		hash, known := s.SourceBlocks[block.Anchor]
		switch {
		case !known:
			l.log.add(s.File, 1, "the block %q of the source is missing, but source_hash is that of the source as it is now", block.Anchor)
		case hash != block.Hash:
			l.log.add(s.File, 1, "the hash of %q in source_blocks is wrong: source_hash is that of the source as it is now", block.Anchor)
		case i >= len(s.Blocks) || s.Blocks[i].Anchor != block.Anchor || s.Blocks[i].Level != block.Level:
			l.log.add(s.File, 1, "the headings are not those of the source: %q is heading %d there, with %d number signs",
				block.Anchor, i+1, block.Level)
			return
		}
	}
	if len(s.Blocks) > len(source.Blocks) {
		l.log.add(s.File, s.Blocks[len(source.Blocks)].Line, "the source has no block %q", s.Blocks[len(source.Blocks)].Anchor)
	}
}

// checkGlossaries refuses terms that the source's glossary does not define.
func (l *loader) checkGlossaries() {
	b := l.book
	source := b.glossaries[b.Source]
	for _, tag := range b.Languages {
		g, ok := b.Glossary(tag)
		if !ok || tag == b.Source {
			continue
		}
		for _, id := range g.sortedTerms() {
			if source == nil {
				l.log.add(g.File, 0, "there is no glossary in the source's language")
				return
			}
			if _, known := source.Terms[id]; !known {
				l.log.add(g.File, g.Terms[id].Line, "the source's glossary has no term %q; %s", id, didYouMean(id, source.sortedTerms()))
			}
		}
	}
}
