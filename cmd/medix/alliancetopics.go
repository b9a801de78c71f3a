package main

import (
	"context"
	"fmt"
	"net/http"

	"medixchange/alliance/topics"
)

type allianceTopicsCmd struct {
	Create *allianceTopicCmd  `arg:"subcommand:create" help:"Make the room of a topic, which verified clinicians of all members may join."`
	List   *allianceTopicsLst `arg:"subcommand:list" help:"List the spaces of topics that this node keeps or follows."`
}

type allianceTopicCmd struct {
	Name  string `arg:"positional,required" help:"The name of the topic, such as \"Paediatric cardiology\"."`
	Topic string `arg:"--topic" help:"What it is about."`
}

// Run makes a topic.
func (t allianceTopicCmd) Run(ctx context.Context, c *cli) error {
	var made topics.Topic
	if err := c.call(ctx, http.MethodPost, topics.Path, topics.CreateRequest{Name: t.Name, Topic: t.Topic}, &made); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(made)
	}
	fmt.Printf("%s\t%s\n", made.RoomID, made.Name)
	return nil
}

type allianceTopicsLst struct{}

// Run lists spaces and topics.
func (allianceTopicsLst) Run(ctx context.Context, c *cli) error {
	var answer struct {
		Spaces []topics.Space `json:"spaces"`
	}
	if err := c.call(ctx, http.MethodGet, topics.Path, nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(answer.Spaces)
	}
	for _, s := range answer.Spaces {
		fmt.Printf("%s\tkept by %s, %d members\n", s.RoomID, s.Keeper, s.Members)
		for _, t := range s.Topics {
			fmt.Printf("  %s\t%s\n", t.RoomID, orDash(t.Name))
		}
	}
	return nil
}
