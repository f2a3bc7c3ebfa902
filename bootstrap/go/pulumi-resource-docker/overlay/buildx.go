package provider

import (
	"context"
	"errors"

	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

var errWithoutBuildx = errors.New("this Docker provider was built without buildx; the vendor's release has it")

type buildOptions struct{}

// canUseBuildx makes `build` of an image use Docker's classic builder.
func canUseBuildx(context.Context, *client.Client) (bool, error) {
	return false, nil
}

func createAndInitDockerCli(*client.Client) (any, error) {
	return nil, errWithoutBuildx
}

func mapBuildAttributesToBuildOptions(map[string]any, string, any) (buildOptions, error) {
	return buildOptions{}, errWithoutBuildx
}

func runBuild(context.Context, any, buildOptions, string) error {
	return errWithoutBuildx
}

func resourceDockerBuildxBuilder() *schema.Resource {
	fail := func(*schema.ResourceData, any) error { return errWithoutBuildx }
	return &schema.Resource{Create: fail, Read: fail, Delete: fail}
}
