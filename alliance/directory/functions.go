package directory

import (
	"encoding/json"
	"fmt"
)

func (f function) person(userID string) Person {
	return Person{UserID: userID, Name: f.name, Specialty: f.specialty, OnDuty: f.onDuty != "", Function: true}
}

func listOf(text string) ([]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading a list: %w", err)
	}
	return list, nil
}

func textOf(list []string) string {
	if list == nil {
		list = []string{}
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		panic("texts are not encoded: " + err.Error())
	}
	return string(encoded)
}
