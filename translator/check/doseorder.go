package check

import "strings"

// order notices doses that changed places: the drug that stands nearest to a dose is another one.
func (c *comparison) order() {
	source, target := nearestDrugs(c.source), nearestDrugs(c.target)
	if len(source) < 2 || len(target) < 2 {
		return
	}
	for dose, drug := range source {
		other, ok := target[dose]
		if ok && other.value != drug.value && drug.value != "" && other.value != "" {
			c.found("dose.order", dose+": "+c.source.text(drug), dose+": "+c.target.text(other))
			return
		}
	}
}

// nearestDrugs gives for each dose with a unit the drug that it belongs to. With as many doses as drugs
// that is the one of the same rank, since every language keeps a dose beside its drug; otherwise the
// nearest in its clause. Doses that stand there twice, or between two drugs, are left out.
func nearestDrugs(x *facts) map[string]span {
	owners := map[string]span{}
	if len(distinct(x.drugs)) < 2 {
		return owners
	}
	var doses []number
	for _, n := range x.numbers {
		if critical(n.unit) && !n.soft {
			doses = append(doses, n)
		}
	}
	for i, n := range doses {
		key := n.values[0] + " " + n.unit
		if _, twice := owners[key]; twice {
			owners[key] = span{}
			continue
		}
		if len(doses) == len(x.drugs) {
			owners[key] = x.drugs[i]
		} else {
			owners[key] = nearestDrug(x, n)
		}
	}
	return owners
}

func nearestDrug(x *facts, n number) span {
	best, second := 1<<30, 1<<30
	var drug span
	for _, d := range x.drugs {
		distance := gap(x.f, d, n)
		if distance < best {
			best, second, drug = distance, best, d
		} else if distance < second {
			second = distance
		}
	}
	if best > 24 || second-best < 2 {
		return span{}
	}
	return drug
}

// gap is the distance between a drug and a number; a clause mark between them counts much.
func gap(f *folded, d span, n number) int {
	from, to := d.to, n.from
	if n.unitTo <= d.from {
		from, to = n.unitTo, d.from
	}
	distance := 0
	for i := from; i < to; i++ {
		distance++
		if strings.ContainsRune(",;.，；。、،؛\n", f.runes[i]) {
			distance += 40
		}
	}
	return distance
}
